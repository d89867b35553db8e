namespace Ampx.Silo.Workers;

/// <summary>Counts busy slots. Resumed runs may go over the limit; new ones wait until there is room again.</summary>
internal sealed class SlotGate(int limit)
{
    private readonly Lock gate = new();
    private TaskCompletionSource room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int busy;

    public int Busy => Volatile.Read(ref busy);

    public void Enter()
    {
        lock (gate) busy++;
    }

    public void Leave()
    {
        lock (gate)
        {
            busy--;
            room.TrySetResult();
        }
    }

    public async Task Room(CancellationToken cancel)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (busy < limit) return;
                if (room.Task.IsCompleted) room = new(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = room.Task;
            }

            await wait.WaitAsync(cancel);
        }
    }
}
