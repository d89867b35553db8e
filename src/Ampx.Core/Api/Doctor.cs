using Orleans.Concurrency;

namespace Ampx.Core.Api;

/// <summary>One thing that doctor looked at.</summary>
/// <param name="Name">A word for scripts and people: <c>git</c>, <c>agent:amp</c>, <c>actions:read</c>.</param>
/// <param name="Ok">It is as it should be.</param>
/// <param name="Needed">Without it Ampx can't do what it was asked about; else something smaller is missing.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Fix">How to mend it; null where there is nothing to mend.</param>
[GenerateSerializer, Immutable, Alias("ampx.doctor-check.v1")]
public sealed record DoctorCheck(string Name, bool Ok, bool Needed, string Detail, string? Fix = null)
{
    /// <summary>As it should be.</summary>
    public static DoctorCheck Fine(string name, string detail, bool needed = true) => new(name, true, needed, detail);

    /// <summary>Missing or broken, and needed.</summary>
    public static DoctorCheck Bad(string name, string detail, string fix) => new(name, false, true, detail, fix);

    /// <summary>Ampx works without it; <paramref name="detail"/> says what doesn't.</summary>
    public static DoctorCheck Warning(string name, string detail, string? fix = null) => new(name, false, false, detail, fix);
}

/// <summary>Answer of <c>GET /doctor</c>.</summary>
public sealed record DoctorReport(IReadOnlyList<DoctorCheck> Checks);

/// <summary>Looks at the machine that it runs on. A grain, so that a gateway without a silo of its own can ask too; any key.</summary>
[Alias("ampx.doctor")]
public interface IDoctorGrain : IGrainWithIntegerKey
{
    /// <summary>The machine's checks, and those of <paramref name="repo"/> if one is given; within about ten seconds, whatever hangs.</summary>
    [Alias("Examine")]
    Task<IReadOnlyList<DoctorCheck>> Examine(string? repo, CancellationToken cancel);
}
