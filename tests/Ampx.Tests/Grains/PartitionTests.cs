using Ampx.Core.Tasks;
using Ampx.Tests.Git;
using Ampx.Tests.Storage;
using Ampx.Silo.Git;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>A partition makes two activations of one task: storage lets one win, and the other finds out.</summary>
public sealed class PartitionTests : IDisposable
{
    private static readonly RunClaim First = new("run-1", "worker-1", RunKind.Agent), Second = new("run-2", "worker-2", RunKind.Agent);
    private static readonly Prepared Ready = new("main", "base", "base", null, null);
    private readonly StorageFolder files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task Of_two_claims_one_wins_and_the_other_worker_hears_it()
    {
        await using var silo = await Silo.Start(files);
        var task = await Create(silo);
        await silo.WriteBehind(task.Id, new Claimed(First));
        Assert.Null(await silo.Task(task.Id).Claim(task.Step, Second));
        Assert.Equal(First, (await silo.Task(task.Id).Find())?.Run);
        Assert.Equal("created,claimed", await Timeline(task.Id));
    }

    [Fact]
    public async Task The_late_report_and_the_late_push_of_a_lost_worker_are_refused()
    {
        await using var silo = await Silo.Start(files);
        var task = await Create(silo);
        var mine = await silo.Task(task.Id).Claim(task.Step, First);
        Assert.True(await silo.Task(task.Id).MayPush(mine!.Step, First.RunId));
        var now = await silo.WriteBehind(task.Id, new WorkerLost("silent"), new Claimed(Second));
        // Its activation still believes in it; storage doesn't.
        Assert.Equal(First, (await silo.Task(task.Id).Find())?.Run);
        Assert.False(await silo.Task(task.Id).MayPush(mine.Step, First.RunId));
        Assert.Null(await silo.Task(task.Id).Tell(Ready, mine.Step));
        Assert.True(await silo.Task(task.Id).MayPush(now.Step, Second.RunId));
        Assert.Equal((Second, 1), ((await silo.Task(task.Id).Find())?.Run, now.Attempts));
        Assert.Equal("created,claimed,worker_lost,claimed", await Timeline(task.Id));
    }

    [Fact]
    public async Task A_report_to_an_activation_that_was_left_behind_is_refused_by_storage()
    {
        await using var silo = await Silo.Start(files);
        var task = await Create(silo);
        var mine = await silo.Task(task.Id).Claim(task.Step, First);
        await silo.WriteBehind(task.Id, new WorkerLost("silent"));
        Assert.Null(await silo.Task(task.Id).Tell(Ready, mine!.Step));
        Assert.Equal("created,claimed,worker_lost", await Timeline(task.Id));
        Assert.Equal(Phase.WaitingForWorker, (await silo.Task(task.Id).Find())?.Phase);
    }

    [Fact]
    public async Task A_persons_order_is_taken_on_what_is_true_now()
    {
        await using var silo = await Silo.Start(files);
        var task = await Create(silo);
        await silo.WriteBehind(task.Id, new Claimed(Second));
        Assert.Null(await silo.Task(task.Id).Order(new AbortRequested { By = "ada" }, null));
        var now = await silo.Task(task.Id).Find();
        Assert.Equal((Phase.Stopping, Second), (now!.Phase, now.Run));
        Assert.Equal("created,claimed,abort_requested", await Timeline(task.Id));

        await silo.WriteBehind(task.Id, new RunStopped());
        Assert.Equal(ErrorCodes.PreconditionFailed, (await silo.Task(task.Id).Order(new ContinueRequested("go on"), now.Version))?.Code);
    }

    [Fact]
    public async Task Who_cannot_read_storage_allows_no_push()
    {
        await using var silo = await Silo.Start(files);
        var task = await Create(silo);
        var mine = await silo.Task(task.Id).Claim(task.Step, First);
        silo.Storage.Unreadable = true;
        await Assert.ThrowsAnyAsync<Exception>(() => silo.Task(task.Id).MayPush(mine!.Step, First.RunId));
        silo.Storage.Unreadable = false;
        Assert.True(await silo.Task(task.Id).MayPush(mine!.Step, First.RunId));
    }

    [Fact]
    public async Task A_write_that_meets_itself_has_been_written()
    {
        await using var silo = await Silo.Start(files);
        var task = await Create(silo);
        silo.Storage.Answer = new SqliteException("database is locked", 5);
        silo.Storage.ForgetNext = true;
        Assert.Equal(First, (await silo.Task(task.Id).Claim(task.Step, First))?.Run);
        silo.Storage.ForgetNext = true;
        Assert.Null(await silo.Task(task.Id).Order(new AbortRequested { By = "ada" }, null));
        Assert.Equal("created,claimed,abort_requested", await Timeline(task.Id));
    }

    [Fact]
    public async Task An_activation_that_was_left_behind_finds_out_when_it_is_woken()
    {
        var time = new FakeTimeProvider(StorageFolder.Start);
        await using var silo = await Silo.Start(files, time);
        var task = await Create(silo);
        await silo.WriteBehind(task.Id, new Claimed(Second));
        await silo.Task(task.Id).Wake();
        Assert.Null((await silo.Task(task.Id).Find())?.Run);
        time.Advance(TimeSpan.FromSeconds(61));
        await silo.Task(task.Id).Wake();
        Assert.Equal(Second, (await silo.Task(task.Id).Find())?.Run);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_worker_that_froze_between_the_permission_and_its_push_loses_and_doubles_nothing(bool lateComesFirst)
    {
        await using var silo = await Silo.Start(files);
        using var world = new GitWorld();
        var task = await Create(silo);
        var (_, late) = await world.Work();
        world.Workspaces.Release(GitWorld.Task);
        var (_, sha) = await world.Work("other.txt", run: "run2", branch: GitWorld.OtherBranch);
        await silo.Task(task.Id).Claim(task.Step, First);
        var frozen = await silo.WriteBehind(task.Id, Ready, new AgentCommitted(late, null, null));
        Assert.True(await silo.Task(task.Id).MayPush(frozen.Step, First.RunId));
        // Frozen here. Another worker runs the task again and comes to its own push.
        var now = await silo.WriteBehind(task.Id, new WorkerLost("silent"), new Claimed(Second));
        Assert.Equal((Phase.Publishing, late), (now.Phase, now.HeadSha));
        now = await silo.WriteBehind(task.Id, new WorkLost("gone"), new Claimed(Second with { RunId = "run-3" }), Ready, new AgentCommitted(sha, null, null));

        async Task<PushOutcome> Push(string commit) => await world.Pushes.Push(world.Remote, GitWorld.Branch, commit, null, GitWorld.Task);
        var (one, other) = lateComesFirst ? (late, sha) : (sha, late);
        Assert.IsType<PushOutcome.Pushed>(await Push(one));
        Assert.Equal(new PushOutcome.AdoptOwn(one), await Push(other));
        Assert.Equal(one, world.Tip(GitWorld.Branch));
        Assert.Equal("1", world.Git(world.Origin, "rev-list", "--count", $"main..{GitWorld.Branch}"));

        Assert.Null(await silo.Task(task.Id).Tell(new Pushed(late, false), frozen.Step));
        var ended = await silo.Task(task.Id).Tell(new Pushed(one, false), now.Step);
        Assert.Equal((Phase.WaitingForCi, one, one, 1), (ended!.Phase, ended.HeadSha, ended.RemoteSha, ended.Attempts));
    }

    private static async Task<TaskState> Create(Silo silo)
    {
        var order = new NewTask { Id = Ulid.NewUlid().ToString(), Owner = "ada", Repo = "acme/shop", Forge = ForgeKind.GitHub, Agent = "amp", Prompt = "Mend the till" };
        return await silo.Task(order.Id).Create(order);
    }

    private Task<string> Timeline(string id) => files.Scalar<string>($"SELECT group_concat(cause) FROM (SELECT cause FROM task_timeline WHERE task_id = '{id}' ORDER BY version)");
}
