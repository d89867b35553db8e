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
/// <param name="Events"><c>push</c>, <c>pull_request</c>, <c>workflow_run</c>; null is all.</param>
/// <param name="Repository">Full name; null is every repository.</param>
public sealed record Hook(string Url, string? Secret = null, IReadOnlyList<string>? Events = null, string? Repository = null);

/// <summary>One delivery, as it went. <paramref name="Status"/> is null if nobody answered. As at GitHub there is no second try.</summary>
public sealed record Delivery(string Id, string Event, string Url, string Body, int? Status);

/// <summary>Deliveries to hooks, one after the other, apart from what sets them off.</summary>
public sealed class Webhooks : IAsyncDisposable
{
    private readonly Channel<(Hook Hook, string Event, string Body)> outbox = Channel.CreateUnbounded<(Hook, string, string)>();
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

    internal void RunChanged(Repository repository, WorkflowRun run, string action) =>
        Tell(repository, "workflow_run", HookShapes.Run(site, repository, run, action));

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
        try
        {
            await foreach (var (hook, what, body) in outbox.Reader.ReadAllAsync(closing.Token))
            {
                var id = Guid.NewGuid().ToString();
                using var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
                request.Headers.UserAgent.ParseAdd("GitHub-Hookshot/fake");
                request.Headers.Add("X-GitHub-Event", what);
                request.Headers.Add("X-GitHub-Delivery", id);
                if (hook.Secret is { } secret)
                {
                    var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body));
                    request.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(signature)}");
                }

                int? status = null;
                try
                {
                    using var answer = await client.SendAsync(request, closing.Token);
                    status = (int)answer.StatusCode;
                }
                catch (HttpRequestException)
                {
                    // nobody there: the log of deliveries says so
                }

                ImmutableInterlocked.Update(ref deliveries, list => list.Add(new(id, what, hook.Url, body, status)));
            }
        }
        catch (OperationCanceledException)
        {
            // the server ends
        }
    }
}
