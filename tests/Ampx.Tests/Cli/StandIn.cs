using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ampx.Tests.Cli;

/// <summary>Answers in the service's REST shapes, from memory: tasks that do what a test says.</summary>
internal sealed class StandIn : IAsyncDisposable
{
    public const string Token = "secret";
    public const string Id = "01JD3Z8M4N5P6Q7R8S9TAK3F9Q";
    private readonly WebApplication _app;

    private StandIn(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";
    public ConcurrentDictionary<string, TaskView> Tasks { get; } = [];
    public ConcurrentQueue<(string What, string Body)> Seen { get; } = [];
    public List<LogEntry> Log { get; } = [];
    public List<Attempt> Attempts { get; } = [];

    /// <summary>What doctor finds; null: a service that is too old for the question.</summary>
    public IReadOnlyList<DoctorCheck>? Checks { get; set; } = [];

    public List<WorkerView> Workers { get; } = [];

    /// <summary>What a check finds.</summary>
    public CheckReport Check { get; set; } = new([], new(2, 9, 64, 1, 0, 0, 1, 1));

    /// <summary>A backup's bytes; with <see cref="BreakBackup"/> the connection breaks off after them, when that completes.</summary>
    public byte[] Backup { get; set; } = [];

    public Task? BreakBackup { get; set; }

    /// <summary>How many runs a draining worker says that it has: one answer each, the last one again and again.</summary>
    public Queue<int> Running { get; } = [];

    /// <summary>A started task has ended already.</summary>
    public bool EndAtOnce { get; set; }

    public string Version { get; set; } = "0.1.0";

    /// <summary>Lines of the log stream after which the connection breaks off, once.</summary>
    public int? BreakAfter { get; set; }

    public static async Task<StandIn> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var self = new StandIn(app);
        self.Map();
        await app.StartAsync();
        self.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return self;
    }

    public static TaskView Sample(string id = Id, Status status = Status.Running, Phase phase = Phase.WaitingForCi, int version = 5) => new(
        id, "ada", "acme/shop", "main", "amp/fix-the-login-tak3f9q", "amp", "T-1", "Fix the login\nand its test", ImmutableArray<string>.Empty,
        status, phase, 1, 3, "abcdef0123456789", null, null, null, null, "waiting for CI on abcdef0", null, null, null, version,
        TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow(), phase is Phase.Done ? TimeProvider.System.GetUtcNow() : null);

    private void Map()
    {
        _app.Use(async (http, next) =>
        {
            http.Request.EnableBuffering();
            var body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            http.Request.Body.Position = 0;
            http.Response.Headers["Ampx-Version"] = Version;
            Seen.Enqueue(($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}", body));
            if (http.Request.Headers.Authorization != $"Bearer {Token}") await Refuse(http, 401, "unauthorized", "no token, or a wrong one");
            else await next(http);
        });
        _app.MapGet("/api/v1/version", http => Write(http, new ServerVersion(Version)));
        _app.MapGet("/api/v1/doctor", http => Checks is { } checks ? Write(http, new DoctorReport(checks)) : Refuse(http, 404, "not_found", "there is nothing at /api/v1/doctor"));
        _app.MapGet("/api/v1/stats", http => Write(http, new ServiceStats(new Dictionary<string, int> { ["queued"] = 3, ["running"] = 1 }, new(3, 2, 1), Workers)));
        _app.MapPost("/api/v1/silos/{name}/drain", (HttpContext http, string name) => Workers.Any(worker => worker.Name == name)
            ? Write(http, new WorkerDrain(name, true, Running.Count > 1 ? Running.Dequeue() : Running.Peek()))
            : Refuse(http, 404, "not_found", $"there is no worker '{name}'; there are: worker-a"));
        _app.MapPost("/api/v1/admin/check", http => Write(http, Check));
        _app.MapPost("/api/v1/admin/backup", async http =>
        {
            await http.Response.Body.WriteAsync(Backup);
            await http.Response.Body.FlushAsync();
            if (BreakBackup is not { } told) return;
            await told;
            http.Abort();
        });
        _app.MapPost("/api/v1/signin-links", http => Write(http, new SignInLink("abc", "/signin?code=abc")));
        _app.MapGet("/api/v1/tasks", http =>
        {
            var cursor = http.Request.Query["cursor"].ToString();
            var limit = int.Parse(http.Request.Query["limit"].ToString(), null);
            var tasks = Tasks.Values.Where(task => Asked(http, task) && string.CompareOrdinal(task.Id, cursor) > 0).OrderBy(task => task.Id, StringComparer.Ordinal).ToList();
            return Write(http, new TaskList([.. tasks.Take(limit)], tasks.Count > limit ? tasks[limit - 1].Id : null));
        });
        _app.MapPost("/api/v1/tasks", async http =>
        {
            var asked = JsonSerializer.Deserialize<StartTask>(await new StreamReader(http.Request.Body).ReadToEndAsync(), AmpxJson.Options)!;
            var task = Tasks[Id] = (EndAtOnce ? Sample(status: Status.Success, phase: Phase.Done) : Sample(status: Status.Queued, phase: Phase.WaitingForWorker)) with { Repo = asked.Repo!, Prompt = asked.Prompt ?? "" };
            http.Response.StatusCode = 201;
            await Write(http, task);
        });
        _app.MapGet("/api/v1/tasks/{id}", (HttpContext http, string id) => Fitting(id) switch
        {
            [] => Missing(http, id),
            [var task] => WriteTask(http, task),
            var several => Refuse(http, 409, "ambiguous_id", $"'{id}' fits {several.Count} tasks or more: write more of the id", [.. several.Select(task => task.Id)]),
        });
        _app.MapDelete("/api/v1/tasks/{id}", (HttpContext http, string id) =>
        {
            if (Find(id) is not { } task) return Missing(http, id);
            if (task.Phase is not Phase.Done) return Refuse(http, 409, "conflict", $"the task is {AmpxJson.Word(task.Status)}: only an ended one can be removed; abort it first");
            Tasks.TryRemove(task.Id, out _);
            http.Response.StatusCode = 204;
            return Task.CompletedTask;
        });
        _app.MapPatch("/api/v1/tasks/{id}", async (HttpContext http, string id) =>
        {
            if (Find(id) is not { } task)
            {
                await Missing(http, id);
                return;
            }

            var change = JsonSerializer.Deserialize<ChangeTask>(await new StreamReader(http.Request.Body).ReadToEndAsync(), AmpxJson.Options)!;
            http.Response.StatusCode = 204;
            if (change.Action == "merge" && task is { Status: Status.Success, PullRequest: { } request })
            {
                Tasks[task.Id] = task with { PullRequest = request with { State = PullRequestState.Merged }, Version = task.Version + 1 };
                return;
            }

            if (change.Action == "continue")
            {
                Tasks[task.Id] = task with { PendingInstructions = task.Phase is Phase.Done ? [] : [change.Prompt ?? ""], Version = task.Version + 1 };
                return;
            }

            if (task.Phase is Phase.Done)
            {
                await Refuse(http, 409, "conflict", "it has ended");
                return;
            }

            Tasks[task.Id] = task with { Status = Status.Aborted, Phase = Phase.Stopping, Summary = "stopping the agent", Version = task.Version + 1 };
        });
        _app.MapGet("/api/v1/tasks/{id}/timeline", http => Write(http, new Timeline([new(1, TimeProvider.System.GetUtcNow(), Status.Queued, Phase.WaitingForWorker, 0, "created", "ada", null)])));
        _app.MapGet("/api/v1/tasks/{id}/attempts", http => Write(http, new AttemptList(Attempts)));
        _app.MapGet("/api/v1/tasks/{id}/diff", http => http.Response.WriteAsync("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"));
        _app.MapGet("/api/v1/tasks/{id}/logs", http =>
        {
            var after = long.TryParse(http.Request.Query["after"], out var given) ? given : 0;
            var entries = Log.Where(entry => entry.Seq > after).Take(1000).ToList();
            if (int.TryParse(http.Request.Query["tail"], out var tail)) entries = [.. entries.TakeLast(tail)];
            return Write(http, new LogPage(entries, entries.Count > 0 ? entries[^1].Seq : after));
        });
        _app.MapGet("/api/v1/tasks/{id}/logs/stream", Stream);
        _app.MapGet("/api/v1/whoami", http => Write(http, new Caller("ada", Role.Member)));
        _app.MapGet("/api/v1/tokens", http => Write(http, new TokenList(
        [
            new("01JD3Z8M4N5P6Q7R8S9TK3F9QZ", "laptop", "ada", Role.Member, DateTimeOffset.UnixEpoch, null, TimeProvider.System.GetUtcNow().AddMinutes(-5).AddSeconds(-20)),
            new("01JD3Z8M4N5P6Q7R8S9T7XW2M4", "nightly", "ci-bot", Role.Viewer, DateTimeOffset.UnixEpoch, TimeProvider.System.GetUtcNow().AddDays(-2).AddSeconds(-20), null),
        ])));
        _app.MapDelete("/api/v1/tokens/{id}", http =>
        {
            http.Response.StatusCode = 204;
            return Task.CompletedTask;
        });
        _app.MapPost("/api/v1/tokens", async http =>
        {
            var asked = (await http.Request.ReadFromJsonAsync<CreateToken>(AmpxJson.Options))!;
            var now = TimeProvider.System.GetUtcNow();
            http.Response.StatusCode = 201;
            await Write(http, new CreatedToken("01JD3Z8M4N5P6Q7R8S9TK3F9QZ", asked.Name!, asked.User ?? asked.Name!, asked.Role ?? Role.Member, now, now + asked.ExpiresIn, null, "ampx_secret"));
        });
        _app.MapGet("/api/v1/tasks/stream", Changes);
    }

    private async Task Stream(HttpContext http)
    {
        var after = long.Parse(http.Request.Headers["Last-Event-ID"].ToString(), System.Globalization.CultureInfo.InvariantCulture);
        http.Response.ContentType = "text/event-stream";
        foreach (var entry in Log.Where(entry => entry.Seq > after).ToList())
        {
            await http.Response.WriteAsync($"event: log\nid: {entry.Seq}\ndata: {JsonSerializer.Serialize(entry, AmpxJson.Options)}\n\n");
            await http.Response.Body.FlushAsync();
            if (entry.Seq != BreakAfter) continue;
            BreakAfter = null;
            http.Abort();
            return;
        }

        await http.Response.WriteAsync("event: end\ndata: {\"status\":\"success\"}\n\n");
    }

    private static bool Asked(HttpContext http, TaskView task) => http.Request.Query["status"].ToString() is not { Length: > 0 } words || words.Split(',').Contains(AmpxJson.Word(task.Status));

    private List<TaskView> Fitting(string id) => [.. Tasks.Values.Where(task => task.Id.EndsWith(id, StringComparison.OrdinalIgnoreCase) || task.Id.StartsWith(id, StringComparison.OrdinalIgnoreCase)).OrderBy(task => task.Id, StringComparer.Ordinal)];

    /// <summary>The tasks as they are, then each that is another.</summary>
    private async Task Changes(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        Dictionary<string, TaskView> sent = [];
        for (var ready = false; !http.RequestAborted.IsCancellationRequested; ready = true)
        {
            var ids = http.Request.Query["id"].ToString();
            foreach (var task in Tasks.Values.Where(task => ids.Length == 0 || task.Id == ids))
            {
                if (sent.GetValueOrDefault(task.Id) == task) continue;
                sent[task.Id] = task;
                await http.Response.WriteAsync($"event: task\ndata: {JsonSerializer.Serialize(task, AmpxJson.Options)}\n\n");
            }

            if (!ready) await http.Response.WriteAsync("event: ready\ndata: {}\n\n");
            await http.Response.Body.FlushAsync();
            await Task.Delay(20);
        }
    }

    private TaskView? Find(string id) => Tasks.Values.FirstOrDefault(task => task.Id.EndsWith(id, StringComparison.OrdinalIgnoreCase));

    private static Task WriteTask(HttpContext http, TaskView task)
    {
        var tag = $"\"{task.Version}\"";
        http.Response.Headers.ETag = tag;
        if (http.Request.Headers.IfNoneMatch != tag) return Write(http, task);
        http.Response.StatusCode = 304;
        return Task.CompletedTask;
    }

    private static Task Missing(HttpContext http, string id) => Refuse(http, 404, "not_found", $"there is no task '{id}'");

    private static Task Refuse(HttpContext http, int status, string code, string detail, IReadOnlyList<string>? candidates = null)
    {
        http.Response.StatusCode = status;
        return Write(http, new Problem("about:blank", "No", status, detail, code, Candidates: candidates));
    }

    private static Task Write<T>(HttpContext http, T value)
    {
        http.Response.ContentType = http.Response.StatusCode < 400 ? "application/json" : "application/problem+json";
        return http.Response.WriteAsync(JsonSerializer.Serialize(value, AmpxJson.Options));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
