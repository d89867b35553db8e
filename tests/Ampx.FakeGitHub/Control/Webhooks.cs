using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Rest;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Control;

/// <summary>Somebody who wants to hear.</summary>
/// <param name="Url">Where deliveries go.</param>
/// <param name="Secret">Signs them; null: unsigned.</param>
/// <param name="Events"><c>push</c>, <c>pull_request</c>, <c>workflow_run</c>, <c>check_run</c>, <c>check_suite</c>; null is all.</param>
/// <param name="Repository">Full name; null is every repository.</param>
public sealed record Hook(string Url, string? Secret = null, IReadOnlyList<string>? Events = null, string? Repository = null);

/// <summary>One delivery, as it went. <paramref name="Status"/> is null if nobody answered. As at GitHub there is no second try.</summary>
/// <param name="Forged">Not as GitHub signs it: <see cref="Mischief"/> was at work.</param>
public sealed record Delivery(string Id, string Event, string Url, string Body, int? Status, bool Forged = false);

/// <summary>Deliveries to hooks, one after the other, apart from what sets them off.</summary>
public sealed class Webhooks : IAsyncDisposable
{
    private readonly Channel<(Hook Hook, string Event, string Body)> outbox = Channel.CreateUnbounded<(Hook, string, string)>();
    private readonly Dictionary<long, string> toldJobs = [];
    private readonly CancellationTokenSource closing = new();
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Site site;
    private readonly Task sending;
    private ImmutableList<Hook> hooks = [];
    private ImmutableList<Delivery> deliveries = [];

    internal Webhooks(Site site)
    {
        this.site = site;
        sending = Task.Run(Send);
    }

    /// <summary>Every delivery so far.</summary>
    public IReadOnlyList<Delivery> Deliveries => deliveries;

    /// <summary>What befalls deliveries on their way; null: nothing.</summary>
    public Mischief? Mischief { get; set; }

    /// <summary>How long a listener may take to answer; to be set before the first delivery.</summary>
    public TimeSpan AnswerTime
    {
        get => client.Timeout;
        set => client.Timeout = value;
    }

    /// <summary>Adds a listener.</summary>
    public void Add(Hook hook) => ImmutableInterlocked.Update(ref hooks, list => list.Add(hook));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await sending;
        client.Dispose();
        closing.Dispose();
    }

    internal async Task Pushed(Repository repository, Push push)
    {
        if (!Listening(repository, "push").IsEmpty) Tell(repository, "push", await HookShapes.Push(site, repository, push));
    }

    internal void PullRequestChanged(Repository repository, PullRequest pull, string action, object? changes = null) =>
        Tell(repository, "pull_request", HookShapes.PullRequest(site, repository, pull, action, changes));

    internal void RunChanged(Repository repository, WorkflowRun run, string action)
    {
        JobsChanged(repository, run);
        if (action == "completed") Tell(repository, "check_suite", HookShapes.CheckSuite(site, repository, run));
        Tell(repository, "workflow_run", HookShapes.Run(site, repository, run, action));
    }

    /// <summary>Each job is a check run: told when it is made and when it has ended.</summary>
    internal void JobsChanged(Repository repository, WorkflowRun run)
    {
        lock (toldJobs)
        {
            foreach (var job in run.LatestJobs)
            {
                if (toldJobs.TryAdd(job.Id, "created")) Tell(repository, "check_run", HookShapes.CheckRun(site, repository, run, job, "created"));
                if (job.Status != "completed" || toldJobs[job.Id] == "completed") continue;
                toldJobs[job.Id] = "completed";
                Tell(repository, "check_run", HookShapes.CheckRun(site, repository, run, job, "completed"));
            }
        }
    }

    private ImmutableList<Hook> Listening(Repository repository, string what) =>
        hooks.FindAll(hook => (hook.Repository ?? repository.FullName) == repository.FullName && hook.Events?.Contains(what) != false);

    private void Tell(Repository repository, string what, object payload)
    {
        var listening = Listening(repository, what);
        if (listening.IsEmpty) return;
        var body = JsonSerializer.Serialize(payload);
        foreach (var hook in listening) outbox.Writer.TryWrite((hook, what, body));
    }

    private async Task Send()
    {
        var late = new List<Task>();
        try
        {
            await foreach (var (hook, what, body) in outbox.Reader.ReadAllAsync(closing.Token))
            {
                var id = Guid.NewGuid().ToString();
                foreach (var fate in Mischief?.Fates() ?? [Fate.Untouched])
                {
                    if (fate.After == TimeSpan.Zero) await Deliver(hook, what, body, id, fate);
                    else late.Add(DeliverLate(hook, what, body, id, fate));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the server ends
        }

        await Task.WhenAll(late);
    }

    private async Task DeliverLate(Hook hook, string what, string body, string id, Fate fate)
    {
        try
        {
            await Task.Delay(fate.After, site.Time, closing.Token);
            await Deliver(hook, what, body, id, fate);
        }
        catch (OperationCanceledException)
        {
            // the server ends
        }
    }

    private async Task Deliver(Hook hook, string what, string body, string id, Fate fate)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.UserAgent.ParseAdd("GitHub-Hookshot/fake");
        request.Headers.Add("X-GitHub-Event", what);
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-GitHub-Hook-ID", "1");
        if (hook.Secret is { } secret)
        {
            var (key, text) = (Encoding.UTF8.GetBytes(fate.Forged ? $"not {secret}" : secret), Encoding.UTF8.GetBytes(body));
            request.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(key, text))}");
#pragma warning disable CA5350 // GitHub still sends the old signature beside the good one
            request.Headers.Add("X-Hub-Signature", $"sha1={Convert.ToHexStringLower(HMACSHA1.HashData(key, text))}");
#pragma warning restore CA5350
        }

        int? status = null;
        try
        {
            using var answer = await client.SendAsync(request, closing.Token);
            status = (int)answer.StatusCode;
        }
        catch (Exception lost) when (lost is HttpRequestException || (lost is OperationCanceledException && !closing.IsCancellationRequested))
        {
            // nobody there, or nobody who answers in time: the log of deliveries says so
        }

        ImmutableInterlocked.Update(ref deliveries, list => list.Add(new(id, what, hook.Url, body, status, fate.Forged)));
    }
}
