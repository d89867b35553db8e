using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Forges;

/// <summary>Section <c>Ampx:Ci</c>.</summary>
public sealed class CiOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Ampx:Ci";

    /// <summary>How often waiting commits are looked at, all of a repository together; less often while CI takes long, or with webhooks (<see cref="Core.Ci.PollPace"/>).</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "1.00:00:00")] public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the first workflow may take to appear.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")] public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a second workflow may take to appear beside a green one.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")] public TimeSpan SettleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long CI may take, from the push on.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")] public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>Characters of CI's log that reach the agent.</summary>
    [Range(500, 200_000)] public int FeedbackBudget { get; set; } = 12_000;
}
