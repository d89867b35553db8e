using System.Net.Http.Json;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Workflows;
using Ampx.Tests.FakeGitHub;
using Ampx.Tests.Storage;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;
using PullRequest = Ampx.Core.Tasks.PullRequest;
using WorkflowRun = Ampx.FakeGitHub.Workflows.WorkflowRun;

namespace Ampx.Tests.Grains;

/// <summary>The real watch with the real GitHub edge on the fake GitHub: tasks that wait, and runs as the test tells them.</summary>
internal sealed class WatchStage : IAsyncDisposable
{
    private readonly StorageFolder files = new();

    public FakeGitHubServer GitHub { get; private init; } = null!;

    public Silo Silo { get; private set; } = null!;

    public string Token { get; private init; } = "";

    public static Task<WatchStage> Start(short silos = 1, params (string Key, string Value)[] settings) => Start(null, silos, settings);

    public static async Task<WatchStage> Start(TimeProvider? time, short silos = 1, params (string Key, string Value)[] settings)
    {
        var server = await DescribedGitHub.Start();
        var stage = new WatchStage { GitHub = server, Token = server.CreateToken() };
        stage.Silo = await Silo.Start(silos, stage.files, time, [
            ("GitHub:ApiUrl", server.ApiUrl), ("GitHub:WebUrl", server.WebUrl), ("GitHub:Token", stage.Token),
            ("Ci:PollInterval", "00:00:00.2"), ("Ci:SettleTime", "00:00:00"), .. settings]);
        return stage;
    }

    /// <summary>A repository with the pull request that all tasks on it share.</summary>
    public async Task<Repository> Repository(string name = "acme/shop")
    {
        var repository = await GitHub.CreateRepository(name, new Dictionary<string, string> { ["README.md"] = "A shop" });
        var checkout = Path.Combine(files.Folder, "checkout", name);
        await Forge.Succeeds(files.Folder, "clone", "--quiet", GitHub.GitUrl(name, Token), checkout);
        await Forge.Succeeds(checkout, "-c", "user.name=Dev", "-c", "user.email=dev@example.com", "commit", "--quiet", "--allow-empty", "-m", "Work");
        await Forge.Succeeds(checkout, "push", "--quiet", "origin", "HEAD:work");
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        using var opened = await client.PostAsJsonAsync(new Uri($"{GitHub.ApiUrl}repos/{name}/pulls"), new { title = "Work", head = "work", @base = "main" });
        Assert.Equal(1, repository.Pulls.Single().Number);
        return repository;
    }

    public ICiWatchGrain Watch(string repo = "acme/shop") => Silo.Grains.GetGrain<ICiWatchGrain>($"ci-{RepoRef.Parse(repo, new Uri(GitHub.WebUrl), out _)!.Key}");

    public static string Sha(int number) => number.ToString("x40", null);

    /// <summary>A task that waits for CI on a commit of its own, with its pull request open: green is its end.</summary>
    public Task<TaskState> Plant(int sha, string repo = "acme/shop", DateTimeOffset? since = null, CiReport? ci = null)
    {
        var at = since ?? TimeProvider.System.GetUtcNow();
        return Silo.Plant(Silo.NewTask(repo: repo) with
        {
            Phase = Phase.WaitingForCi,
            Step = 5,
            HeadSha = Sha(sha),
            RemoteSha = Sha(sha),
            CiSince = at,
            CreatedAt = at,
            UpdatedAt = at,
            NextWakeAt = at.AddHours(2),
            PullRequest = new PullRequest(1, "https://github.com/acme/shop/pull/1", PullRequestState.Open),
            Attempt = new Attempt { Number = 1, Instruction = "Mend it", StartedAt = at, Ci = ci },
        });
    }

    /// <summary>Tasks on commits 1, 2, …, each with a run at work.</summary>
    public async Task<IReadOnlyList<(TaskState Task, WorkflowRun Run)>> PlantWithRuns(Repository repository, int count)
    {
        var planted = new List<(TaskState, WorkflowRun)>();
        for (var number = 1; number <= count; number++)
            planted.Add((await Plant(number, repository.FullName), GitHub.Site.Actions.Add(repository, Sha(number), "main", new RunSpec { Status = "in_progress" })));
        return planted;
    }

    public void Complete(Repository repository, WorkflowRun run, string conclusion = "success") => GitHub.Site.Actions.Update(repository, run, new RunSpec { Conclusion = conclusion });

    public Task<TaskState> Ended(TaskState task) => Silo.Until(task.Id, now => now.Phase is Phase.Done);

    public Task<TaskState> SeesCi(TaskState task) => Silo.Until(task.Id, now => now.CiRunId is not null);

    /// <summary>All calls to the API so far.</summary>
    public IReadOnlyList<LoggedRequest> Calls => [.. GitHub.Site.Requests.All.Where(call => call.Path.StartsWith("/api/", StringComparison.Ordinal))];

    /// <summary>Calls that listed runs.</summary>
    public IReadOnlyList<LoggedRequest> Listings => [.. Calls.Where(call => call.Path.EndsWith("/actions/runs", StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        await Silo.DisposeAsync();
        await GitHub.DisposeAsync();
        files.Dispose();
    }
}
