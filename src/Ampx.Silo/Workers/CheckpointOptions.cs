using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Workers;

/// <summary>Section <c>Ampx:Checkpoint</c>.</summary>
public sealed class CheckpointOptions
{
    /// <summary>How often an agent's unfinished work is brought to the task's own ref while it is at it; 0 = only when the run is over.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(5);
}
