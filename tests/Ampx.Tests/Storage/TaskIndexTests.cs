using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class TaskIndexOnSqlite() : TaskIndexTests(new StorageFolder());

public sealed class TaskIndexOnPostgres() : TaskIndexTests(StorageFolder.OnPostgres());

public abstract class TaskIndexTests : IDisposable
{
    private static readonly StoredStates States = new(NullLogger<StoredStates>.Instance);
    private readonly StorageFolder files;
    private readonly TaskIndex index;
    private readonly TaskRows rows;

    protected TaskIndexTests(StorageFolder files) => (this.files, index, rows) = (files, new TaskIndex(files.Database.Readers, States), new TaskRows(files.Database.Readers, States));

    public void Dispose()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Ended_tasks_come_in_figures_those_from_then_on_only()
    {
        var usage = new Usage(100, 10, 7);
        var (task, young, old) = (StorageFolder.NewTask(), StorageFolder.NewTask(), StorageFolder.NewTask());
        await files.Save(task);
        await files.Save(task with { Version = 2, Phase = Phase.Preparing, Status = Status.Running, UpdatedAt = At(30), Attempt = new Attempt { Number = 3, Instruction = "x" } });
        await files.Save(task with { Version = 3, Phase = Phase.Done, Status = Status.Success, UpdatedAt = At(90), FinishedAt = At(90), Usage = usage, Attempt = new Attempt { Number = 3, Instruction = "x" } });
        await files.Save(old with { Phase = Phase.Done, Status = Status.Error, UpdatedAt = At(10), FinishedAt = At(10) });
        await files.Save(young);
        Assert.Equal(
            [new EndedTask(Status.Success, task.CreatedAt, At(30), At(90), 3, usage)],
            await index.Ended(At(11), StorageFolder.Soon));
        Assert.Equal([null, At(30)], (await index.Ended(At(10), StorageFolder.Soon)).Select(ended => ended.TakenAt));
    }

    [Fact]
    public async Task The_index_says_what_the_state_says()
    {
        var task = StorageFolder.NewTask(forge: ForgeKind.Git);
        await files.Save(task);
        task = task with
        {
            Version = 2,
            Step = 5,
            Phase = Phase.WaitingForCi,
            Status = Status.Retrying,
            HeadSha = "abc",
            Attempts = 2,
            CiSince = At(3),
            UpdatedAt = At(4.5),
            NextWakeAt = At(10.0004),
            Run = new RunClaim("run-9", "worker-3", RunKind.Ci),
            Last = new Transition("pushed", "agent", "2 files"),
            Attempt = new Attempt { Number = 2, Instruction = "fix", StartedAt = At(1), Feedback = "a 'quoted' line\n✗ 1 failed" },
        };
        await files.Save(task);

        const string Columns = "owner || '|' || repo || '|' || forge || '|' || status || '|' || phase || '|' || step || '|' || version || '|' || head_sha || '|' || run_id || '|' || worker_id || '|' || run_kind";
        Assert.Equal("ada|acme/shop|git|retrying|waiting_for_ci|5|2|abc|run-9|worker-3|ci", await files.Scalar<string>($"SELECT {Columns} FROM task_index"));
        Assert.Equal(At(3).ToUnixTimeMilliseconds(), await files.Scalar<long>("SELECT ci_since FROM task_index"));
        Assert.Equal(At(4.5).ToUnixTimeMilliseconds(), await files.Scalar<long>("SELECT updated_at FROM task_index"));
        Assert.Equal(1, await files.Scalar<int>("SELECT count(*) FROM task_index WHERE finished_at IS NULL"));
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM (SELECT * FROM task_row EXCEPT SELECT * FROM task_index) differing"));

        var entries = await index.Timeline(task.Id, StorageFolder.Soon);
        Assert.Equal(
            [new TimelineEntry(1, task.CreatedAt, Status.Queued, Phase.WaitingForWorker, 0, "created", "ada", task.Prompt),
             new TimelineEntry(2, task.UpdatedAt, Status.Retrying, Phase.WaitingForCi, 2, "pushed", "agent", "2 files")],
            entries);
        Assert.Equal(Json(task), Json((await index.List(new TaskFilter(), StorageFolder.Soon)).Tasks.Single()));
    }

    [Fact]
    public async Task What_was_written_comes_back_to_the_letter()
    {
        const string Odd = "NUL \0, a lone \\u0000, quotes '\"`, 🦊, \u2028, \u001b[31m, é";
        var task = StorageFolder.NewTask() with { Prompt = Odd, Last = new Transition("created", "o'brien", Odd), Attempt = new Attempt { Number = 1, Instruction = Odd } };
        await files.Save(task);
        Assert.Equal(Json(task), Json((await index.List(new TaskFilter(), StorageFolder.Soon)).Tasks.Single()));
        // PostgreSQL's jsonb has no NUL, so what is derived there shows a sign in its place.
        Assert.Equal(Odd.Replace('\0', '\u2400'), (await index.Attempts(task.Id, StorageFolder.Soon)).Single().Instruction.Replace('\0', '\u2400'));
        Assert.Contains("🦊", (await index.Timeline(task.Id, StorageFolder.Soon)).Single().Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attempts_keep_their_last_word_each()
    {
        var task = StorageFolder.NewTask();
        await files.Save(task);
        var one = new Attempt { Number = 1, Instruction = "fix", StartedAt = At(1), Usage = new Usage(10, 2, 3, 0.10m) };
        await files.Save(task = task with { Version = 2, Attempt = one });
        await files.Save(task = task with { Version = 3, Attempt = one = one with { Outcome = "red", FinishedAt = At(9) } });
        var two = new Attempt { Number = 2, Instruction = "fix", StartedAt = At(20), Feedback = "what CI said" };
        await files.Save(task with { Version = 4, Attempt = two });

        Assert.Equal(Json<Attempt[]>([one, two]), Json(await index.Attempts(task.Id, StorageFolder.Soon)));
    }

    [Fact]
    public async Task A_deleted_task_leaves_nothing_and_others_stay()
    {
        var (gone, stays) = (StorageFolder.NewTask(), StorageFolder.NewTask());
        await files.Save(gone with { Attempt = new Attempt { Number = 1, Instruction = "x" } });
        await files.Save(stays);
        await files.Delete(gone.Id);

        Assert.Equal([stays.Id], (await index.List(new TaskFilter(), StorageFolder.Soon)).Tasks.Select(t => t.Id));
        Assert.Empty(await index.Timeline(gone.Id, StorageFolder.Soon));
        Assert.Empty(await index.Attempts(gone.Id, StorageFolder.Soon));
        Assert.Single(await index.Timeline(stays.Id, StorageFolder.Soon));
    }

    [Fact]
    public async Task Pages_stay_stable_while_tasks_are_added()
    {
        var ids = new List<string>();
        for (var i = 0; i < 25; i++) ids.Add(await Add(i));
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await index.List(new TaskFilter(Limit: 10, Before: cursor), StorageFolder.Soon);
            seen.AddRange(page.Tasks.Select(t => t.Id));
            cursor = page.NextCursor;
            await Add(100 + seen.Count);
        }
        while (cursor is not null);

        ids.Reverse();
        Assert.Equal(ids, seen);

        async Task<string> Add(int second)
        {
            var task = StorageFolder.NewTask(Ulid.NewUlid(At(second)).ToString());
            await files.Save(task);
            return task.Id;
        }
    }

    [Fact]
    public async Task Tasks_are_counted_by_status()
    {
        Assert.Empty(await index.CountByStatus(StorageFolder.Soon));
        foreach (var status in (Status[])[Status.Queued, Status.NeedsReview, Status.Queued]) await files.Save(StorageFolder.NewTask() with { Status = status });
        Assert.Equal([(Status.Queued, 2), (Status.NeedsReview, 1)], (await index.CountByStatus(StorageFolder.Soon)).Select(count => (count.Key, count.Value)).OrderBy(count => count.Key));
    }

    [Fact]
    public async Task Lists_are_filtered_by_owner_repository_and_status()
    {
        var mine = StorageFolder.NewTask();
        var done = StorageFolder.NewTask(repo: "acme/other") with { Status = Status.NeedsReview, Phase = Phase.Done };
        var theirs = StorageFolder.NewTask(owner: "o'brien");
        foreach (var task in new[] { mine, done, theirs }) await files.Save(task);

        Assert.Equal([theirs.Id], await Ids(new TaskFilter(Owner: "o'brien")));
        Assert.Equal([done.Id], await Ids(new TaskFilter(Repo: "acme/other")));
        Assert.Equal([done.Id], await Ids(new TaskFilter([Status.NeedsReview, Status.Success], Owner: "ada")));
        Assert.Empty(await Ids(new TaskFilter([])));
        Assert.Equal(3, (await Ids(new TaskFilter())).Count());
    }

    [Fact]
    public async Task Parts_of_ids_are_understood()
    {
        const string A = "01KAAAAAAAAAAAAAAAAAAXY7Q2", B = "01KAAAAAAAAAAAAAAAAABXY7Q2", C = "01KBAAAAAAAAAAAAAAAAAAAA7Z";
        foreach (var id in new[] { A, B, C }) await files.Save(StorageFolder.NewTask(id));

        Assert.Equal([A], await index.Resolve(A.ToLowerInvariant(), StorageFolder.Soon));
        Assert.Equal([A], await index.Resolve("axy7q2", StorageFolder.Soon));
        Assert.Equal([B], await index.Resolve("AAAAAAAAAABXY7Q2", StorageFolder.Soon));
        Assert.Equal([B, A], await index.Resolve("xy7q2", StorageFolder.Soon));
        Assert.Equal([C], await index.Resolve("01kb", StorageFolder.Soon));
        Assert.Equal([C], await index.Resolve("AA7Z", StorageFolder.Soon));
        Assert.Empty(await index.Resolve("A7Z", StorageFolder.Soon));
        Assert.Empty(await index.Resolve("%%%%", StorageFolder.Soon));
        Assert.Empty(await index.Resolve("", StorageFolder.Soon));
        Assert.Equal([C, B, A], await index.Resolve("01K", StorageFolder.Soon));
    }

    [Fact]
    public async Task Shards_are_the_same_in_the_database_and_here_and_evenly_used()
    {
        for (var i = 0; i < 300; i++) await files.Save(StorageFolder.NewTask());
        foreach (var task in (await index.List(new TaskFilter(Limit: 200), StorageFolder.Soon)).Tasks)
            Assert.Equal(WakeShard.Of(task.Id), await files.Scalar<int>($"SELECT shard FROM task_index WHERE task_id = '{task.Id}'"));
        Assert.InRange(await files.Scalar<int>("SELECT count(DISTINCT shard) FROM task_index"), 55, 64);
        Assert.InRange(await files.Scalar<int>("SELECT max(shard) FROM task_index"), 55, 63);
    }

    [Fact]
    public async Task Due_tasks_come_longest_overdue_first_and_never_early()
    {
        var (a, b, none) = (StorageFolder.NewTask() with { NextWakeAt = At(2.0006) }, StorageFolder.NewTask(), StorageFolder.NewTask() with { NextWakeAt = null });
        b = b with { Id = b.Id[..24] + a.Id[24..], NextWakeAt = At(1) };
        none = none with { Id = none.Id[..24] + a.Id[24..] };
        foreach (var task in new[] { a, b, none }) await files.Save(task);
        var shard = WakeShard.Of(a.Id);

        Assert.Empty(await rows.Due(shard, At(0.999), 10, StorageFolder.Soon));
        var next = Assert.NotNull(await rows.NextDue(shard, At(0.999), StorageFolder.Soon));
        Assert.InRange(next, At(1), At(1.002));
        Assert.Equal([b.Id], (await rows.Due(shard, next, 10, StorageFolder.Soon)).Select(d => d.TaskId));
        Assert.DoesNotContain(a.Id, (await rows.Due(shard, At(2), 10, StorageFolder.Soon)).Select(d => d.TaskId));
        Assert.Equal([b.Id, a.Id], (await rows.Due(shard, At(3), 10, StorageFolder.Soon)).Select(d => d.TaskId));
        Assert.Equal([b.Id], (await rows.Due(shard, At(3), 1, StorageFolder.Soon)).Select(d => d.TaskId));
        Assert.Null(await rows.NextDue((shard + 1) % WakeShard.Count, At(0), StorageFolder.Soon));
        Assert.InRange(Assert.NotNull(await rows.NextDue(shard, At(1.5), StorageFolder.Soon)), At(2), At(2.003));
        Assert.Null(await rows.NextDue(shard, At(3), StorageFolder.Soon));
    }

    [Fact]
    public async Task Queue_workers_and_watches_find_their_tasks()
    {
        var agent = StorageFolder.NewTask() with { UpdatedAt = At(5) };
        var ci = StorageFolder.NewTask(forge: ForgeKind.Git, repo: "/srv/shop.git") with { Phase = Phase.WaitingForCi, UpdatedAt = At(4) };
        var ciRuns = ci with { Id = Ulid.NewUlid().ToString(), Run = new RunClaim("run-1", "w1", RunKind.Ci) };
        var watched = StorageFolder.NewTask() with { Phase = Phase.WaitingForCi, HeadSha = "abc", CiSince = At(2) };
        var working = StorageFolder.NewTask() with { Phase = Phase.Agent, Run = new RunClaim("run-2", "w2", RunKind.Agent) };
        var ended = StorageFolder.NewTask() with { Phase = Phase.Done, FinishedAt = At(8) };
        foreach (var task in new[] { agent, ci, ciRuns, watched, working, ended }) await files.Save(task);

        Assert.Equal([(ci.Id, RunKind.Ci), (agent.Id, RunKind.Agent)], (await rows.WaitingForWorker(StorageFolder.Soon)).Select(w => (w.TaskId, w.Kind)));
        Assert.Equal([new ClaimedRun(working.Id, "run-2", "w2", RunKind.Agent, Phase.Agent, 1, "ada", "acme/shop")], await rows.RunsOf("w2", StorageFolder.Soon));
        Assert.Equal(2, (await rows.AllRuns(StorageFolder.Soon)).Count);
        Assert.Equal([new WaitingForCi(watched.Id, "acme/shop", "abc", 1, At(2))], await rows.WaitingForCi(["acme/shop"], StorageFolder.Soon));
        Assert.Empty(await rows.WaitingForCi([], StorageFolder.Soon));
        Assert.Equal(["acme/shop"], await rows.ReposWaitingForCi(StorageFolder.Soon));
        Assert.Equal([(working.Id, Phase.Agent), (watched.Id, Phase.WaitingForCi)], (await rows.States([working.Id, watched.Id, "none"], StorageFolder.Soon)).OrderBy(task => task.Phase).Select(task => (task.Id, task.Phase)));
        Assert.Equal([working.Id], (await rows.InPhases(WakeShard.Of(working.Id), [Phase.Agent, Phase.Publishing], StorageFolder.Soon)).Select(p => p.TaskId));
        Assert.Equal([ended.Id], await rows.EndedBefore(At(9), 10, StorageFolder.Soon));
        Assert.Empty(await rows.EndedBefore(At(8), 10, StorageFolder.Soon));
    }

    [Fact]
    public async Task Pull_requests_that_others_may_change_are_found()
    {
        var waiting = StorageFolder.NewTask() with { Phase = Phase.WaitingForCi, PullRequest = Pull(7) };
        var armed = StorageFolder.NewTask() with { Phase = Phase.Done, NextWakeAt = At(9), PullRequest = Pull(8, armed: true) };
        var settled = StorageFolder.NewTask() with { Phase = Phase.Done, NextWakeAt = null, PullRequest = Pull(9) };
        var none = StorageFolder.NewTask() with { Phase = Phase.WaitingForCi, Prompt = "Say \"pull_request\": 7" };
        foreach (var task in new[] { waiting, armed, settled, none }) await files.Save(task);

        Assert.Equal([new(waiting.Id, "acme/shop", 1, 7), new(armed.Id, "acme/shop", 1, 8)], (await rows.PullRequestsAwaited(armedOnly: false, StorageFolder.Soon)).OrderBy(pull => pull.Number));
        Assert.Equal([new AwaitedPullRequest(armed.Id, "acme/shop", 1, 8)], await rows.PullRequestsAwaited(armedOnly: true, StorageFolder.Soon));
    }

    private static PullRequest Pull(int number, bool armed = false) => new(number, $"https://github.com/acme/shop/pull/{number}", PullRequestState.Open, armed);

    private static DateTimeOffset At(double seconds) => StorageFolder.Start + TimeSpan.FromMicroseconds(Math.Round(seconds * 1e6));

    private async Task<IEnumerable<string>> Ids(TaskFilter filter) => (await index.List(filter, StorageFolder.Soon)).Tasks.Select(t => t.Id);

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, AmpxJson.Options);
}
