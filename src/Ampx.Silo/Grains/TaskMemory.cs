using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Orleans.Storage;
using Polly;

namespace Ampx.Silo.Grains;

/// <summary>One task as an activation remembers it, and its writing. A reader never sees what may yet fail to be written.</summary>
/// <param name="distrust">Is called where only storage knows what is so: whoever asks next reads it afresh.</param>
internal sealed class TaskMemory(IPersistentState<TaskState> stored, TimeProvider clock, Action distrust)
{
    /// <summary>What is remembered for longer isn't trusted when the task is woken.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(1);

    private readonly ResiliencePipeline storage = BusyDatabase.Pipeline(clock);
    private long readAt;

    /// <summary>What storage is known to hold; null if there is no such task.</summary>
    public TaskState? Task { get; private set; }

    public bool IsStale => clock.GetElapsedTime(readAt) > Stale;

    /// <summary>Takes over what the activation has read.</summary>
    public void Take()
    {
        Task = stored.RecordExists ? stored.State : null;
        readAt = clock.GetTimestamp();
    }

    public async Task Read()
    {
        try
        {
            await storage.InTurn(stored.ReadStateAsync);
        }
        catch
        {
            distrust();
            throw;
        }

        Take();
    }

    /// <exception cref="InconsistentStateException">Another activation has written; what it wrote is read.</exception>
    public async Task Write(TaskState next)
    {
        stored.State = next;
        try
        {
            await storage.InTurn(stored.WriteStateAsync);
        }
        catch (InconsistentStateException)
        {
            await Read();
            // A write whose answer was lost is tried again, and finds itself in the way.
            if (Task is not { } now || !IsSame(now, next)) throw;
        }
        catch
        {
            // Written or not, only storage knows.
            distrust();
            throw;
        }

        Task = next;
    }

    /// <exception cref="InconsistentStateException">Another activation has written; what it wrote is read.</exception>
    public async Task Clear()
    {
        try
        {
            await storage.InTurn(stored.ClearStateAsync);
        }
        catch (InconsistentStateException)
        {
            await Read();
            // An answer that was lost, or another activation that was asked too.
            if (Task is not null) throw;
        }
        finally
        {
            // Whatever became of it, nobody is to be answered from this memory.
            distrust();
        }

        Task = null;
    }

    private static bool IsSame(TaskState a, TaskState b) => (a.Version, a.Step, a.UpdatedAt, a.Last, a.Run) == (b.Version, b.Step, b.UpdatedAt, b.Last, b.Run);
}
