namespace Ampx.Silo.Workers;

/// <summary>Who may hold a run in a cluster, by time. Off in one process: there nobody else could take it.</summary>
/// <remarks>
/// A worker writes into its row that it lives and for how long its runs are its own from then on. It lets them go on until that time after it *began* to write;
/// whoever reads the row counts from when he first *saw* it, and gives <see cref="Ending"/> on top: no run is given away while its agent may be alive,
/// whatever stood still or was cut off in between, and no wall clock has a say.
/// </remarks>
public sealed record LeaseRules(bool IsOn)
{
    /// <summary>What a supervisor may take to notice that the lease has ended and to end the agent (it insists after two seconds), on a busy machine.</summary>
    public static readonly TimeSpan Ending = TimeSpan.FromSeconds(4);
}
