using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Orleans.Runtime;

namespace Ampx.Tests.Storage;

public interface IKeeperGrain : IGrainWithStringKey
{
    Task Save(TaskState task);
    Task<TaskState?> Load();
    Task Forget();
    Task Remind(string name);
    Task<string[]> Reminders();
}

public sealed class Kept
{
    public string Text { get; set; } = "";
}

public interface INoteGrain : IGrainWithStringKey
{
    Task Save(string text);
    Task<string> Load();
}

public sealed class KeeperGrain([PersistentState(StorageExtensions.TaskStateName, StorageExtensions.StorageName)] IPersistentState<TaskState> stored) : Grain, IKeeperGrain, IRemindable
{
    public Task Save(TaskState task)
    {
        stored.State = task;
        return stored.WriteStateAsync();
    }

    public Task<TaskState?> Load() => Task.FromResult(stored.RecordExists ? stored.State : null);

    public Task Forget() => stored.ClearStateAsync();

    public Task Remind(string name) => this.RegisterOrUpdateReminder(name, TimeSpan.FromHours(1), TimeSpan.FromHours(1));

    public async Task<string[]> Reminders() => [.. (await this.GetReminders()).Select(r => r.ReminderName)];

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;
}

public sealed class NoteGrain([PersistentState("note")] IPersistentState<Kept> stored) : Grain, INoteGrain
{
    public Task Save(string text)
    {
        stored.State.Text = text;
        return stored.WriteStateAsync();
    }

    public Task<string> Load() => Task.FromResult(stored.State.Text);
}
