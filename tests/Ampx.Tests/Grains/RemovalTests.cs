using Ampx.Core.Tasks;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>A task's removal from storage, and whatever may come between.</summary>
public sealed class RemovalTests : IDisposable
{
    private readonly StorageFolder files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task An_ended_task_leaves_no_row_and_does_not_come_back()
    {
        await using var silo = await Silo.Start(files);
        var task = await silo.Plant(Ended());
        Assert.Null(await silo.Task(task.Id).Remove(task.Version));
        Assert.Null(await silo.Task(task.Id).Find());
        foreach (var table in new[] { "task_index", "task_timeline", "task_attempt", "OrleansStorage WHERE GrainTypeString = 'task'" })
            Assert.Equal(0, await files.Scalar<int>($"SELECT count(*) FROM {table}"));

        // Twice is as good as once; news and wake-ups of before find nothing.
        Assert.Null(await silo.Task(task.Id).Remove(null));
        await silo.Task(task.Id).Wake();
        Assert.Null(await silo.Task(task.Id).Tell(new BackoffEnded(), task.Step));
        Assert.Equal("not_found", (await silo.Task(task.Id).Order(new ContinueRequested("More", null, null, null), null))?.Code);
        Assert.Null(await silo.Task(task.Id).Find());
        Assert.Equal(1, await files.Scalar<int>("SELECT count(*) FROM removed_task"));
    }

    [Fact]
    public async Task A_task_at_work_or_of_another_version_stays()
    {
        await using var silo = await Silo.Start(files);
        var (ended, atWork) = (await silo.Plant(Ended()), await silo.Plant(Silo.NewTask()));
        Assert.Equal(ErrorCodes.PreconditionFailed, (await silo.Task(ended.Id).Remove(ended.Version + 1))?.Code);
        Assert.Equal(ErrorCodes.Conflict, (await silo.Task(atWork.Id).Remove(null))?.Code);
        Assert.Equal(2, await files.Scalar<int>("SELECT count(*) FROM task_index"));
    }

    [Fact]
    public async Task A_continue_that_another_silo_has_stored_goes_before_the_removal()
    {
        await using var silo = await Silo.Start(files);
        var task = await silo.Plant(Ended());
        Assert.NotNull(await silo.Task(task.Id).Find());
        await silo.WriteBehind(task.Id, new ContinueRequested("More", null, null, null));
        Assert.Equal(ErrorCodes.Conflict, (await silo.Task(task.Id).Remove(null))?.Code);
        Assert.Equal(Status.Queued, (await silo.Task(task.Id).Find())?.Status);
    }

    private static TaskState Ended() => TaskMachine.Apply(Silo.NewTask(), new AbortRequested { At = StorageFolder.Start }, new TaskRules());
}
