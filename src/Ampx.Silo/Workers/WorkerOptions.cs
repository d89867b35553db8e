using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Workers;

/// <summary>Section <c>Ampx:Workers</c>.</summary>
public sealed class WorkerOptions
{
    /// <summary>Agent runs at once on this silo.</summary>
    [Range(1, 1000)]
    public int Slots { get; set; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>Agent runs at once on one repository; 0 = no limit.</summary>
    [Range(0, 1000)]
    public int PerRepo { get; set; }

    /// <summary>CI commands of plain git repositories at once; 0 = as many as <see cref="Slots"/>.</summary>
    [Range(0, 1000)]
    public int CiSlots { get; set; }

    /// <summary>How long a worker's runs are its own without a sign of life; in a cluster their agents are ended then.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The same for a silo of a cluster that stops in order: agents go on for so long, and nobody else takes their tasks.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan RestartGrace { get; set; } = TimeSpan.FromMinutes(2);
}
