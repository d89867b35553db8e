using System.Collections.Immutable;
using System.Net;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Admin;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Xunit;

namespace Ampx.Tests.Admin;

/// <summary>What the machines say against what the states say, with machines that say what a test wants.</summary>
public sealed class MachinesTests
{
    private const string Worker = "worker-a", Run = "01JRUN";
    private static readonly SiloAddress Silo = SiloAddress.New(IPAddress.Loopback, 11111, 5);

    private readonly Machine machine = new();
    private readonly List<string> done = [];
    private readonly List<string> watched = [];
    private readonly TaskState task = TaskMachine.Apply(StorageFolder.NewTask(), new Claimed(new(Run, Worker, RunKind.Agent)) { At = StorageFolder.Start }, new TaskRules());
    private readonly Machines machines;

    public MachinesTests()
    {
        var management = Answering.By<IManagementGrain>(("GetHosts", (_, _) => Task.FromResult(new Dictionary<SiloAddress, SiloStatus> { [Silo] = SiloStatus.Active })));
        var queue = Answering.By<IWorkQueueGrain>(("Watched", (_, _) => Task.FromResult(watched.ToImmutableArray())));
        var grain = Answering.By<ITaskGrain>(
            ("Find", (_, _) => Task.FromResult<TaskState?>(task)),
            ("Tell", (_, args) => Tell(args[0]!)),
            ("Wake", (_, _) => Wake()));
        var rows = Answering.By<ITaskRows>(
            ("AllRuns", (_, _) => Task.FromResult<IReadOnlyList<ClaimedRun>>([new(task.Id, Run, Worker, RunKind.Agent, Phase.Preparing, task.Step, "ada", "acme/shop")])));
        machine.Says = new(Worker, [Run], [Run], []);
        machine.Done = done;
        machines = new Machines(Answering.Grains(management, queue, grain, machine), rows, NullLogger<Machines>.Instance);
    }

    [Fact]
    public async Task A_run_that_its_worker_holds_is_as_it_should_be()
    {
        var look = await machines.Look(StorageFolder.Soon);
        Assert.Empty(look.Findings);
        Assert.Equal((1, 1, 0, 1), (look.Runs, look.Folders, look.Trees, look.Machines));
    }

    [Fact]
    public async Task A_run_that_its_worker_does_not_hold_is_ended_and_its_task_told()
    {
        machine.Says = new(Worker, [], [], []);
        var lost = await Found();
        Assert.Equal(("run", task.Id), (lost.Kind, lost.TaskId));
        await machines.Repair(lost, StorageFolder.Soon);
        Assert.Equal([$"ended {Run}", "told WorkerLost"], done);
    }

    [Fact]
    public async Task Nothing_is_told_of_a_run_that_is_held_after_all()
    {
        machine.Says = new(Worker, [], [], []);
        var lost = await Found();
        machine.Holds = true;
        await machines.Repair(lost, StorageFolder.Soon);
        Assert.Equal([$"asked to end {Run}"], done);
    }

    [Fact]
    public async Task Nothing_is_told_of_a_run_that_may_live_because_it_could_not_be_ended()
    {
        machine.Says = new(Worker, [], [], []);
        var lost = await Found();
        machine.Trouble = new IOException("Device or resource busy");
        await Assert.ThrowsAsync<IOException>(() => machines.Repair(lost, StorageFolder.Soon));
        (machine.Trouble, machine.Elsewhere) = (null, int.MaxValue);
        await Assert.ThrowsAsync<TimeoutException>(() => machines.Repair(lost, StorageFolder.Soon));
        Assert.Empty(done);
    }

    [Fact]
    public async Task Each_call_asks_for_the_silo_that_it_means_and_again_if_another_answers()
    {
        machine.Says = new(Worker, ["01JOLD", Run], [Run], [new("/trees/1", task.Id + "X", true, false)]);
        machine.Elsewhere = 2;
        var findings = (await machines.Look(StorageFolder.Soon)).Findings;
        Assert.Equal(["run_folder", "workspace"], findings.Select(finding => finding.Kind));
        foreach (var finding in findings)
        {
            machine.Elsewhere = 2;
            await machines.Repair(finding, StorageFolder.Soon);
        }

        Assert.Equal(["ended 01JOLD", $"released {task.Id}X"], done);
        Assert.Equal(9, machine.Hints.Count);
        Assert.All(machine.Hints, hint => Assert.Equal(Silo, hint));
        Assert.Null(RequestContext.Get(IPlacementDirector.PlacementHintKey));
    }

    [Fact]
    public async Task A_worker_that_is_away_has_its_lease_as_long_as_the_queue_watches_the_run()
    {
        machine.Says = new("worker-b", [], [], []);
        watched.Add(Run);
        Assert.Empty((await machines.Look(StorageFolder.Soon)).Findings);
        watched.Clear();
        var unwatched = await Found();
        Assert.Equal(("run", task.Id, Run), (unwatched.Kind, unwatched.TaskId, unwatched.Where));
        await machines.Repair(unwatched, StorageFolder.Soon);
        Assert.Equal(["woken"], done);
        Assert.Empty((await machines.Look(StorageFolder.Soon)).Findings);
    }

    [Fact]
    public async Task A_machine_that_is_silent_is_a_finding_and_its_runs_are_left_alone()
    {
        machine.Trouble = new TimeoutException("no answer");
        watched.Add(Run);
        var silent = await Found();
        Assert.Equal(("machine", Silo.ToParsableString()), (silent.Kind, silent.Where));
        await machines.Repair(silent, StorageFolder.Soon);
        Assert.Empty(done);
    }

    [Fact]
    public async Task A_tree_whose_mirror_is_gone_is_told_and_one_that_is_only_kept_is_not()
    {
        machine.Says = new(Worker, [Run], [Run], [new("/trees/1", "01JOTHER", false, false), new("/trees/2", task.Id, true, false), new("/trees/3", "01JOTHER", false, true)]);
        Assert.EndsWith(" /trees/3", (await Found()).Where, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tree_whose_record_is_torn_is_told_and_left_to_a_person()
    {
        machine.Says = new(Worker, [Run], [Run], [new("/trees/1", MachineTree.Nobody, false, false)]);
        var torn = await Found();
        Assert.Equal(("workspace", null, $"{Silo.ToParsableString()} /trees/1"), (torn.Kind, torn.TaskId, torn.Where));
        Assert.EndsWith("look at the folder and remove it", torn.Detail, StringComparison.Ordinal);
        await machines.Repair(torn, StorageFolder.Soon);
        Assert.Empty(done);
    }

    private Task<TaskState?> Tell(object news)
    {
        done.Add($"told {news.GetType().Name}");
        return Task.FromResult<TaskState?>(task);
    }

    private Task Wake()
    {
        done.Add("woken");
        watched.Add(Run);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_machine_that_cannot_forget_a_removed_task_or_cannot_be_asked_is_asked_again()
    {
        var removed = new RemovedTask(task.Id, task.Repo, task.Forge, null, StorageFolder.Start);
        Assert.True(await machines.Forget(removed, StorageFolder.Soon));
        machine.Holds = true;
        Assert.False(await machines.Forget(removed, StorageFolder.Soon));
        machine.Trouble = new TimeoutException("it is silent");
        Assert.False(await machines.Forget(removed, StorageFolder.Soon));
        Assert.Equal([$"forgot {task.Id}", $"forgot {task.Id}"], done);
    }

    private async Task<CheckFinding> Found() => Assert.Single((await machines.Look(StorageFolder.Soon)).Findings);

    /// <summary>A machine that says what it was told to.</summary>
    private sealed class Machine : IMachineGrain
    {
        public MachineReport Says { get; set; } = null!;
        public List<string> Done { get; set; } = null!;
        public List<object?> Hints { get; } = [];

        /// <summary>So many calls still reach another silo.</summary>
        public int Elsewhere { get; set; }

        /// <summary>The worker is at work with it after all.</summary>
        public bool Holds { get; set; }

        public Exception? Trouble { get; set; }

        public Task<MachineReport?> Look() => Answer(() => Says);

        public Task<MachineAnswer?> EndRun(string runId) => Answer(() =>
        {
            Done.Add($"{(Holds ? "asked to end" : "ended")} {runId}");
            return new MachineAnswer(!Holds);
        });

        public Task<MachineAnswer?> ReleaseTree(string taskId) => Answer(() =>
        {
            Done.Add($"released {taskId}");
            return new MachineAnswer(!Holds);
        });

        public Task<MachineAnswer?> Forget(RemovedTask task) => Answer(() =>
        {
            Done.Add($"forgot {task.TaskId}");
            return new MachineAnswer(!Holds);
        });

        private Task<T?> Answer<T>(Func<T> answer) where T : class
        {
            Hints.Add(RequestContext.Get(IPlacementDirector.PlacementHintKey));
            if (Trouble is not null) return Task.FromException<T?>(Trouble);
            return Task.FromResult(Elsewhere-- > 0 ? null : (T?)answer());
        }
    }
}
