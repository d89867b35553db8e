namespace Ampx.Silo.Agents.Runs;

/// <summary>Until when runs that this worker begins may go on, by <see cref="Ampx.Runs.Uptime"/>; off where no other worker could take them.</summary>
public sealed class RunLease(bool isOn)
{
    private long until;

    public bool IsOn => isOn;

    /// <summary>In the past while there is no contact with the cluster.</summary>
    public TimeSpan Until
    {
        get => new(Interlocked.Read(ref until));
        set => Interlocked.Exchange(ref until, value.Ticks);
    }
}

/// <summary>The run's lease has ended: others may have its task, and nothing of it may be started here.</summary>
public sealed class LeaseEndedException(string message) : Exception(message);
