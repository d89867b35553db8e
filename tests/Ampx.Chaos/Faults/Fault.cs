using System.Globalization;
using Ampx.Chaos.Machines;

namespace Ampx.Chaos.Faults;

/// <summary>Kinds of trouble.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL, and back within seconds: its runs are adopted.</summary>
    Kill,

    /// <summary>SIGKILL, and away for longer than a lease: its runs are done elsewhere.</summary>
    LongKill,

    /// <summary>SIGTERM and a new start, as an upgrade does it.</summary>
    Restart,

    /// <summary>SIGSTOP, and SIGCONT when it has been given up.</summary>
    Pause,

    /// <summary>Its connections to the database break and are refused.</summary>
    Cut,

    /// <summary>Nothing comes from or to the database, until all of it comes late.</summary>
    Hold,

    /// <summary>Its data folder's disk is full.</summary>
    FullDisk,

    /// <summary>The database dies and recovers.</summary>
    RestartPostgres,

    /// <summary>Deliveries are dropped, doubled, delayed, forged.</summary>
    Webhooks,

    /// <summary>GitHub answers 5xx.</summary>
    GitHubErrors,

    /// <summary>Connections to GitHub break, before the call or after it was carried out.</summary>
    GitHubResets,
}

/// <summary>One fault as drawn: when it begins, what, whom it meets and for how long.</summary>
internal sealed record Fault(int Number, FaultKind Kind, int Silo, TimeSpan Length, FaultKind Otherwise, int Chance)
{
    private static readonly FaultKind[] OfOneSilo = [FaultKind.Kill, FaultKind.LongKill, FaultKind.Restart, FaultKind.Pause, FaultKind.Cut, FaultKind.Hold, FaultKind.FullDisk];
    private static readonly FaultKind[] OfAll = [FaultKind.RestartPostgres, FaultKind.Webhooks, FaultKind.GitHubErrors, FaultKind.GitHubResets];

    public bool IsOfOneSilo => OfOneSilo.Contains(Kind);

    /// <summary>Endless; the same seed gives the same.</summary>
    public static IEnumerable<Fault> Draw(ChaosOptions options)
    {
        var dice = new Random(options.Seed + 1);
        var ofAll = OfAll.Where(kind => kind switch { FaultKind.RestartPostgres => !options.Sqlite, FaultKind.Webhooks => options.Webhooks, _ => true }).ToList();
        for (var number = 1; ; number++)
        {
            // Two of three meet a silo. While one is down already, the fault becomes one that meets all.
            var otherwise = ofAll[dice.Next(ofAll.Count)];
            var kind = dice.Next(3) == 0 ? otherwise : OfOneSilo[dice.Next(OfOneSilo.Length)];
            if (options.Sqlite && kind is FaultKind.Cut or FaultKind.Hold) kind = FaultKind.Kill;
            var silo = kind is FaultKind.FullDisk ? 0 : dice.Next(options.Silos);
            yield return new(number, kind, silo, Seconds(kind, dice) * options.Pace, otherwise, dice.Next(1_000_000));
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"#{Number} {Kind}{(IsOfOneSilo ? $" of silo {Silo + 1}" : "")} for {Length.TotalSeconds:0.0} s");

    private static TimeSpan Seconds(FaultKind kind, Random dice)
    {
        var (from, to) = kind switch
        {
            FaultKind.Kill => (0, 4),
            FaultKind.LongKill => (30, 45),
            FaultKind.Restart => (0, 2),
            FaultKind.Pause => (20, 20),
            FaultKind.Cut or FaultKind.Hold => (5, 25),
            FaultKind.FullDisk => (5, 12),
            FaultKind.RestartPostgres => (0, 0),
            _ => (4, 12),
        };
        return TimeSpan.FromSeconds(from + ((to - from) * dice.NextDouble()));
    }
}
