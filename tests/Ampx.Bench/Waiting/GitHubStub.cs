using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ampx.Bench.Waiting;

/// <summary>GitHub's listing of workflow runs, all of them at work for ever, with tags: what hasn't changed answers 304.</summary>
internal sealed class GitHubStub : IAsyncDisposable
{
    private const int PageSize = 100;
    private readonly WebApplication app;
    private readonly List<Run>[] runs;
    private readonly HashSet<int>[] seen;
    private TaskCompletionSource listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int calls, unchanged;

    private GitHubStub(WebApplication app, int repos)
    {
        this.app = app;
        runs = [.. Enumerable.Range(0, repos).Select(_ => new List<Run>())];
        seen = [.. Enumerable.Range(0, repos).Select(_ => new HashSet<int>())];
    }

    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Completes when every page of every repository has been asked for.</summary>
    public Task Listed => listed.Task;

    public int Calls => calls;

    public int Unchanged => unchanged;

    public static async Task<GitHubStub> Start(int repos)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var stub = new GitHubStub(app, repos);
        app.MapGet("/api/v3/repos/acme/{name}/actions/runs", (string name, HttpRequest ask) => stub.List(int.Parse(name["shop-".Length..], CultureInfo.InvariantCulture), ask));
        await app.StartAsync();
        return stub;
    }

    /// <summary>A run of that commit.</summary>
    public long Add(int repo, string sha, DateTimeOffset at)
    {
        var run = new Run(repo * 1_000_000L + runs[repo].Count + 1, sha, at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        runs[repo].Add(run);
        return run.Id;
    }

    /// <summary>What was asked so far counts no more.</summary>
    public void Forget()
    {
        foreach (var pages in seen) pages.Clear();
        (calls, unchanged) = (0, 0);
        listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IResult List(int repo, HttpRequest ask)
    {
        Interlocked.Increment(ref calls);
        var page = int.Parse(ask.Query["page"].FirstOrDefault() ?? "1", CultureInfo.InvariantCulture);
        var all = ask.Query["head_sha"].FirstOrDefault() is { } sha ? [.. runs[repo].Where(run => run.Sha == sha)] : runs[repo];
        lock (seen)
        {
            seen[repo].Add(page);
            if (runs.Index().All(entry => seen[entry.Index].Count >= Math.Min(10, (entry.Item.Count + PageSize - 1) / PageSize))) listed.TrySetResult();
        }

        var answer = ask.HttpContext.Response;
        (answer.Headers["x-ratelimit-remaining"], answer.Headers["x-ratelimit-limit"]) = ("4900", "5000");
        answer.Headers["x-ratelimit-reset"] = TimeProvider.System.GetUtcNow().AddMinutes(30).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        answer.Headers.ETag = $"\"{page}-{all.Count}\"";
        if (ask.Headers.IfNoneMatch == answer.Headers.ETag)
        {
            Interlocked.Increment(ref unchanged);
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }

        // Newest first.
        return Results.Json(new { total_count = all.Count, workflow_runs = all.AsEnumerable().Reverse().Skip((page - 1) * PageSize).Take(PageSize).Select(run => Shape(repo, run)) });
    }

    private object Shape(int repo, Run run) => new
    {
        id = run.Id,
        workflow_id = 1,
        name = "CI",
        @event = "push",
        head_sha = run.Sha,
        status = "in_progress",
        conclusion = (string?)null,
        run_attempt = 1,
        created_at = run.At,
        html_url = $"{Url}/acme/shop-{repo}/actions/runs/{run.Id}",
    };

    private sealed record Run(long Id, string Sha, string At);
}
