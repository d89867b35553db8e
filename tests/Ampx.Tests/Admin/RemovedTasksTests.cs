using System.Net;
using Ampx.Core.Logs;
using Ampx.Silo.Admin;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Logs;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class RemovedTasksOnSqlite() : RemovedTasksTests(new StorageFolder());

public sealed class RemovedTasksOnPostgres() : RemovedTasksTests(StorageFolder.OnPostgres());

/// <summary>What is left of a removed task is found and cleared, however often it takes.</summary>
public abstract class RemovedTasksTests : IDisposable
{
    private readonly StorageFolder files;
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow()); // rows have the database's time
    private readonly LogSignals signals;
    private readonly List<RemovedTask> forgotten = [];
    private readonly RemovedTasks removed;
    private bool machineAnswers = true;

    protected RemovedTasksTests(StorageFolder files)
    {
        (this.files, signals) = (files, new(files.Database.LogReaders, TimeProvider.System));
        var silo = SiloAddress.New(IPAddress.Loopback, 11111, 5);
        var management = Answering.By<IManagementGrain>(("GetHosts", (_, _) => Task.FromResult(new Dictionary<SiloAddress, SiloStatus> { [silo] = SiloStatus.Active })));
        var machine = Answering.By<IMachineGrain>(("Forget", (_, args) =>
        {
            forgotten.Add((RemovedTask)args[0]!);
            return Task.FromResult<MachineAnswer?>(new(machineAnswers));
        }
        ));
        removed = new(files.Database, new Machines(Answering.Grains(management, machine), Answering.By<ITaskRows>(), NullLogger<Machines>.Instance), time);
    }

    public void Dispose()
    {
        signals.Dispose();
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Logs_go_and_machines_are_told_and_other_tasks_keep_theirs()
    {
        var (gone, other) = (await Logged(), await Logged());
        await files.Delete(gone);
        Assert.True(await removed.Clear(gone, StorageFolder.Soon));
        Assert.Empty(await Read(gone));
        Assert.NotEmpty(await Read(other));
        var told = Assert.Single(forgotten);
        Assert.Equal((gone, "acme/shop", null), (told.TaskId, told.Repo, told.Checkpoint));
    }

    [Fact]
    public async Task A_task_that_is_there_is_not_touched()
    {
        var there = await Logged();
        Assert.True(await removed.Clear(there, StorageFolder.Soon));
        Assert.Equal(0, await removed.Sweep(StorageFolder.Soon));
        Assert.NotEmpty(await Read(there));
        Assert.Empty(forgotten);
    }

    [Fact]
    public async Task What_a_crash_or_a_machine_that_is_away_has_left_is_cleared_by_a_later_sweep()
    {
        // Killed right after the commit: nothing but the row knows of it.
        var gone = await Logged();
        await files.Delete(gone);
        machineAnswers = false;
        Assert.Equal(1, await removed.Sweep(StorageFolder.Soon));
        Assert.Empty(await Read(gone));
        machineAnswers = true;
        Assert.Equal(0, await removed.Sweep(StorageFolder.Soon));

        // A line that came late goes too, and the row when no key of the task's is known any more.
        await Write(gone);
        time.Advance(TimeSpan.FromHours(26));
        Assert.Equal(0, await removed.Sweep(StorageFolder.Soon));
        Assert.Empty(await Read(gone));
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM removed_task"));
        var asked = forgotten.Count;
        await removed.Sweep(StorageFolder.Soon);
        Assert.Equal(asked, forgotten.Count);
    }

    [Fact]
    public async Task A_machine_that_never_comes_back_is_waited_for_a_week()
    {
        var gone = await Logged();
        await files.Delete(gone);
        machineAnswers = false;
        time.Advance(TimeSpan.FromDays(6));
        Assert.Equal(1, await removed.Sweep(StorageFolder.Soon));
        time.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, await removed.Sweep(StorageFolder.Soon));
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM removed_task"));
    }

    private async Task<string> Logged()
    {
        var task = StorageFolder.NewTask();
        await files.Save(task);
        await Write(task.Id);
        return task.Id;
    }

    private async Task Write(string taskId)
    {
        await using var writer = new LogWriter(files.Database, signals, TimeProvider.System, NullLogger<LogWriter>.Instance);
        for (var line = 0; line < 300; line++) writer.Write(taskId, 1, "agent", $"line {line}");
        await writer.Flush(StorageFolder.Soon);
    }

    private Task<IReadOnlyList<LogEntry>> Read(string taskId) => new LogReader(files.Database.LogReaders, signals).Read(taskId, new LogQuery(), StorageFolder.Soon);
}
