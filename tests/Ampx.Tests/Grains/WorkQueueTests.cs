using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Time.Testing;
using Orleans.Core.Internal;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class WorkQueueTests : IDisposable
{
    private const string Worker = "worker-1";
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);
    private readonly StorageFolder files = new();
    private readonly FakeTimeProvider time = new(StorageFolder.Start);

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_new_queue_knows_who_waits_and_serves_owners_in_turn()
    {
        await using var silo = await Silo.Start(files);
        TaskState[] tasks = [Silo.NewTask("ada"), Silo.NewTask("ada"), Silo.NewTask("bob")];
        foreach (var task in tasks) await silo.Plant(task);
        var (first, second) = (await Take(silo), await Take(silo));
        Assert.NotEqual(first?.Owner, second?.Owner);
        Assert.Equal("ada", (await Take(silo))?.Owner);
    }

    [Fact]
    public async Task An_offer_wakes_who_waits_for_one()
    {
        await using var silo = await Silo.Start(files, time);
        var waits = await silo.AskInVain(Worker);
        await silo.Queue.Offer(Entry("t1"));
        Assert.Equal("t1", (await waits)?.TaskId);
    }

    [Fact]
    public async Task A_queue_that_ends_lets_go_of_who_waits_for_an_offer_and_the_next_one_answers_within_seconds()
    {
        await using var silo = await Silo.Start(files);
        var waits = await silo.AskInVain(Worker);
        await silo.Queue.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await silo.Queue.Offer(Entry("t1")).WaitAsync(TimeSpan.FromSeconds(15));
        Assert.Null(await waits);
        Assert.Equal("t1", (await Take(silo))?.TaskId);
    }

    [Fact]
    public async Task A_task_that_is_aborted_leaves_the_queue()
    {
        await using var silo = await Silo.Start(files);
        var (first, second) = (Silo.NewTask(), Silo.NewTask());
        foreach (var task in (TaskState[])[first, second]) await silo.Plant(task);
        var (line, soon) = (Desk(silo), StorageFolder.Soon);
        Assert.Equal(2, (await line.Overview()).Queue.Agent);
        await silo.Task(first.Id).Order(new AbortRequested { By = "ada" }, null);
        while ((await line.PositionsOf([first.Id, second.Id])).Count > 1) await Task.Delay(20, soon);
        Assert.Equal(1, (await line.PositionsOf([second.Id]))[second.Id]);
        Assert.Equal(second.Id, (await Take(silo))?.TaskId);
    }

    [Fact]
    public async Task What_was_taken_and_not_claimed_is_offered_again_and_what_was_declined_is_not()
    {
        await using var silo = await Silo.Start(files, time);
        await silo.Queue.Offer(Entry("t1"));
        Assert.Equal("t1", (await Take(silo))?.TaskId);
        await Pass(silo, TimeSpan.FromSeconds(12));
        var again = await Take(silo);
        Assert.Equal("t1", again?.TaskId);
        await silo.Queue.Decline(again!, "run-1");
        await Pass(silo, TimeSpan.FromSeconds(30));
        await silo.Queue.Offer(Entry("t2"));
        Assert.Equal("t2", (await Take(silo))?.TaskId);
        await silo.AskInVain(Worker);
    }

    [Fact]
    public async Task A_task_whose_offer_was_lost_is_found_in_the_index()
    {
        await using var silo = await Silo.Start(files, time);
        await silo.AskInVain(Worker);
        var task = Silo.NewTask("ada");
        await silo.Plant(task);
        await Pass(silo, TimeSpan.FromSeconds(12));
        Assert.Equal(task.Id, (await Take(silo))?.TaskId);
        // Taken, so not forgotten.
        await Pass(silo, TimeSpan.FromSeconds(4));
        await silo.AskInVain(Worker);
    }

    [Fact]
    public async Task Calls_that_overtake_each_other_lose_no_task()
    {
        await using var silo = await Silo.Start(files);
        // The run of step 2 was lost at once: its "follow" comes after the next offer.
        await silo.Queue.Offer(Entry("t1", step: 3));
        await silo.Queue.Follow(Held("t1", "run-1"), 2);
        await silo.Queue.Offer(Entry("t1", step: 1));
        Assert.Equal(3, (await Take(silo))?.Step);
    }

    [Fact]
    public async Task PerRepo_counts_a_repository_however_it_is_written_and_a_run_that_ends_makes_room_at_once()
    {
        await using var silo = await Silo.Start(files, time, ("Workers:PerRepo", "1"));
        await silo.Queue.Offer(Entry("t1", "acme/shop"));
        await silo.Queue.Offer(Entry("t2", "https://github.com/acme/Shop.git"));
        await silo.Queue.Offer(Entry("t3", "acme/till"));
        var first = await Take(silo);
        Assert.Equal("t1", first?.TaskId);
        Assert.Equal("t3", (await Take(silo))?.TaskId);
        await silo.Queue.Follow(Held("t1", "run-1"), 2);
        await silo.Queue.Beat(Worker, [Held("t1", "run-1")]);
        var waits = await silo.AskInVain(Worker);
        await silo.Queue.Beat(Worker, [Held("t1", "run-1")]);
        Assert.False(waits.IsCompleted);
        await silo.Queue.LetGo(Held("t1", "run-1"));
        Assert.Equal("t2", (await waits)?.TaskId);
    }

    [Fact]
    public async Task A_run_is_lost_when_two_beats_in_a_row_lack_it()
    {
        await using var silo = await Silo.Start(files);
        var run = new RunClaim("run-1", Worker, RunKind.Agent);
        var task = await silo.PlantRun(run);
        // This beat set out before the claim; the next ones have the run.
        await silo.Queue.Beat(Worker, []);
        await silo.Queue.Beat(Worker, [new(task.Id, task.Repo, run)]);
        await silo.Queue.Beat(Worker, []);
        await silo.Queue.Beat("worker-2", []);
        Assert.Equal(run, (await silo.Task(task.Id).Find())?.Run);
        await silo.Queue.Beat(Worker, []);
        var lost = await silo.Until(task.Id, now => now.Run is null);
        Assert.Equal((Phase.WaitingForWorker, 1, true), (lost.Phase, lost.Attempts, lost.RunCounted));
        Assert.Equal(task.Id, (await Take(silo))?.TaskId);
    }

    [Fact]
    public async Task A_run_that_its_worker_has_let_go_is_lost_at_once_if_the_task_still_counts_on_it()
    {
        await using var silo = await Silo.Start(files);
        var run = new RunClaim("run-1", Worker, RunKind.Agent);
        var task = await silo.PlantRun(run);
        await silo.Queue.LetGo(new(task.Id, task.Repo, run with { RunId = "run-0" }));
        await silo.Queue.LetGo(new(task.Id, task.Repo, run));
        await silo.Until(task.Id, now => now.Run is null);
        Assert.Equal(1, await files.Scalar<int>("SELECT count(*) FROM task_timeline WHERE cause = 'worker_lost'"));
    }

    [Fact]
    public async Task A_silent_worker_is_given_up_after_a_lease_and_a_queue_that_slept_forgives()
    {
        await using var silo = await Silo.Start(files, time);
        var run = new RunClaim("run-1", Worker, RunKind.Agent);
        var task = await silo.PlantRun(run);
        await silo.Queue.Beat(Worker, [new(task.Id, task.Repo, run)]);
        // An hour in which the whole process stood still.
        await Pass(silo, TimeSpan.FromHours(1), steps: 1);
        await Pass(silo, TimeSpan.FromSeconds(16));
        Assert.Equal(run, (await silo.Task(task.Id).Find())?.Run);
        await Pass(silo, TimeSpan.FromSeconds(10));
        await silo.Until(task.Id, now => now.Run is null);
    }

    [Fact]
    public async Task A_draining_worker_gets_nothing_more_and_others_do()
    {
        await using var silo = await Silo.Start(files, time);
        await Report(silo, Worker);
        await Report(silo, "worker-2");
        await silo.Queue.Offer(Entry("t1"));
        var taken = await Take(silo);
        var waits = await silo.AskInVain(Worker);
        Assert.Equal(new WorkerDrain(Worker, true, 1), await Desk(silo).Drain(Worker));
        await silo.Queue.Offer(Entry("t2"));
        Assert.Equal("t2", (await silo.Queue.Take("worker-2", RunKind.Agent, StorageFolder.Soon))?.TaskId);
        Assert.False(waits.IsCompleted);
        // What it took before may become a run, and then it is one until it ends.
        await silo.Queue.Follow(Held("t1", "run-1"), taken!.Step + 1);
        Assert.Equal(1, (await Desk(silo).Drain(Worker))?.Running);
        await silo.Queue.LetGo(Held("t1", "run-1"));
        Assert.Equal(0, (await Desk(silo).Drain(Worker))?.Running);
        Assert.Null(await Desk(silo).Drain("worker-3"));
    }

    [Fact]
    public async Task Draining_lasts_over_a_new_queue_and_ends_with_the_workers_restart()
    {
        await using var silo = await Silo.Start(files);
        Assert.False((await Report(silo, Worker)).Draining);
        await Desk(silo).Drain(Worker);
        Assert.True((await Report(silo, Worker)).Draining);
        Assert.True((await Report(silo, Worker, draining: true)).Draining);
        Assert.False((await Report(silo, Worker, start: "second")).Draining);
        // To this queue it has only just begun to speak.
        Assert.True((await Report(silo, "worker-2", draining: true)).Draining);
        Assert.Equal([(Worker, false), ("worker-2", true)], (await Desk(silo).Overview()).Workers.Select(worker => (worker.Name, worker.Draining)));
    }

    [Fact]
    public async Task The_queue_tells_how_much_waits_and_each_ones_place()
    {
        await using var silo = await Silo.Start(files);
        foreach (var task in (string[])["t1", "t2", "t3"]) await silo.Queue.Offer(Entry(task));
        await silo.Queue.Offer(Entry("t4") with { Kind = RunKind.Ci });
        await silo.Queue.Offer(Entry("t5") with { Owner = "bob" });
        Assert.Equal(new(5, 4, 1), (await Desk(silo).Overview()).Queue);
        var places = await Desk(silo).PositionsOf(["t1", "t3", "t4", "t5", "t9"]);
        Assert.Equal([("t1", 1), ("t3", 4), ("t4", 1), ("t5", 2)], places.Select(place => (place.Key, place.Value)).Order());
    }

    private static IQueueGrain Desk(Silo silo) => silo.Grains.GetGrain<IQueueGrain>(0, typeof(WorkQueueGrain).FullName); // the gateway tests have a stand-in for it, in this assembly

    private static Task<BeatAnswer> Report(Silo silo, string worker, bool draining = false, string start = "first") =>
        silo.Queue.Beat(worker, [], new WorkerReport(2, 0, [], draining, start));

    private static QueueEntry Entry(string task, string repo = "acme/shop", int step = 1) => new(task, "ada", repo, step, RunKind.Agent);

    private static HeldRun Held(string task, string run, string repo = "acme/shop") => new(task, repo, new RunClaim(run, Worker, RunKind.Agent));

    private static Task<QueueEntry?> Take(Silo silo) => silo.Queue.Take(Worker, RunKind.Agent, StorageFolder.Soon);

    /// <summary>Time passes in ticks, as it does for a process that runs.</summary>
    private async Task Pass(Silo silo, TimeSpan span, int? steps = null)
    {
        var count = steps ?? (int)(span / Tick);
        for (var step = 0; step < count; step++)
        {
            time.Advance(span / count);
            await Task.Delay(50);
            await silo.Queue.Follow(Held("nobody", "nothing"), 0);
        }
    }
}
