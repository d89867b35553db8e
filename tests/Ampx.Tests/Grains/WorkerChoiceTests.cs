using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>Which worker a task is offered to.</summary>
public sealed class WorkerChoiceTests : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);
    private readonly StorageFolder files = new();
    private readonly FakeTimeProvider time = new(StorageFolder.Start);

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_task_goes_to_a_worker_that_has_its_agent_ready()
    {
        await using var silo = await Silo.Start(files, time);
        await Report(silo, "worker-1", ("amp", true), ("right", false));
        await Report(silo, "worker-2", ("right", true));
        await silo.Queue.Offer(Entry("t1", "right"));
        var waits = await silo.AskInVain("worker-1");
        Assert.Equal("t1", (await Take(silo, "worker-2"))?.TaskId);
        await silo.Queue.Offer(Entry("t2", "amp"));
        Assert.Equal("t2", (await waits)?.TaskId);
    }

    [Fact]
    public async Task Where_nobody_has_it_any_worker_may_say_so()
    {
        await using var silo = await Silo.Start(files, time);
        await Report(silo, "worker-1", ("right", false));
        await silo.Queue.Offer(Entry("t1", "right"));
        Assert.Equal("t1", (await Take(silo, "worker-1"))?.TaskId);
        // An entry of an older version names no agent, and a worker of one reports none.
        await silo.Queue.Offer(Entry("t2", null));
        Assert.Equal("t2", (await Take(silo, "worker-1"))?.TaskId);
        await silo.Queue.Offer(Entry("t3", "right"));
        Assert.Equal("t3", (await Take(silo, "worker-0"))?.TaskId);
    }

    [Fact]
    public async Task In_a_cluster_a_new_queue_waits_a_lease_for_who_may_have_it()
    {
        await using var silo = await Silo.StartLeased(files, time);
        await Report(silo, "worker-1", ("right", false));
        await silo.Queue.Offer(Entry("t1", "right"));
        await silo.AskInVain("worker-1");
        await Pass(silo, TimeSpan.FromSeconds(22));
        await Report(silo, "worker-1", ("right", false));
        Assert.Equal("t1", (await Take(silo, "worker-1"))?.TaskId);
    }

    [Fact]
    public async Task The_worker_that_may_have_the_tree_has_five_seconds()
    {
        await using var silo = await Silo.Start(files, time);
        await Report(silo, "worker-1", ("amp", true));
        await Report(silo, "worker-2", ("amp", true));
        await silo.Queue.Offer(Entry("t1", prefer: "worker-2"));
        await silo.Queue.Offer(Entry("t2", prefer: "worker-2"));
        await silo.AskInVain("worker-1");
        Assert.Equal("t1", (await Take(silo, "worker-2"))?.TaskId);
        // Offered again it doesn't wait anew.
        await Pass(silo, TimeSpan.FromSeconds(4));
        await silo.Queue.Offer(Entry("t2", prefer: "worker-2"));
        var waits = await silo.AskInVain("worker-1");
        await Pass(silo, TimeSpan.FromSeconds(2));
        // The question's time is over at the same moment.
        Assert.Equal("t2", (await waits ?? await Take(silo, "worker-1"))?.TaskId);
    }

    [Fact]
    public async Task Nobody_waits_for_a_worker_that_is_not_there()
    {
        await using var silo = await Silo.Start(files, time);
        await Report(silo, "worker-1", ("amp", true));
        await silo.Queue.Offer(Entry("t1", prefer: "worker-2"));
        var entry = await Take(silo, "worker-1");
        Assert.Equal("t1", entry?.TaskId);
        await silo.Queue.Decline(entry!, "run-1");
        await Report(silo, "worker-2", ("amp", true));
        await Pass(silo, TimeSpan.FromSeconds(24));
        await silo.Queue.Offer(Entry("t2", prefer: "worker-2"));
        Assert.Equal("t2", (await Take(silo, "worker-1"))?.TaskId);
    }

    [Fact]
    public async Task The_queue_says_which_workers_are_there_and_what_they_can_do()
    {
        await using var silo = await Silo.Start(files, time);
        await Report(silo, "worker-2", ("amp", false));
        await Report(silo, "worker-1", ("amp", true));
        var workers = await silo.Queue.Workers();
        Assert.Equal(["worker-1", "worker-2"], workers.Select(worker => worker.Id));
        Assert.Equal((4, 1, ErrorCodes.AgentNotSignedIn), (workers[1].Report.Slots, workers[1].Report.Busy, workers[1].Report.Agents[0].Unready?.Code));
        await Pass(silo, TimeSpan.FromSeconds(24));
        Assert.Empty(await silo.Queue.Workers());
    }

    [Fact]
    public async Task A_new_queue_knows_agent_and_tree_of_who_waits()
    {
        await using var silo = await Silo.Start(files, time);
        var task = await silo.PlantRun(new RunClaim("run-1", "worker-2", RunKind.Agent));
        await silo.WriteBehind(task.Id, new WorkerLost("silent"));
        var entry = await Take(silo, "worker-1");
        Assert.Equal((task.Id, "amp", "worker-2"), (entry?.TaskId, entry?.Agent, entry?.Prefer));
    }

    private static QueueEntry Entry(string task, string? agent = "amp", string? prefer = null) => new(task, "ada", "acme/shop", 1, RunKind.Agent, agent, prefer);

    private static async Task Report(Silo silo, string worker, params (string Name, bool Ready)[] agents) => await silo.Queue.Beat(worker, [], new WorkerReport(4, 1,
        [.. agents.Select(agent => new AgentReport(agent.Name, agent.Ready ? null : new TaskError(ErrorCodes.AgentNotSignedIn, "not signed in")))]));

    private static Task<QueueEntry?> Take(Silo silo, string worker) => silo.Queue.Take(worker, RunKind.Agent, StorageFolder.Soon);

    private async Task Pass(Silo silo, TimeSpan span)
    {
        for (var step = 0; step < span / Tick; step++)
        {
            time.Advance(Tick);
            await Task.Delay(50);
            await silo.Queue.Workers();
        }
    }
}
