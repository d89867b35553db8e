using System.Globalization;

namespace Ampx.Chaos;

/// <summary>How much, how long, and which chance.</summary>
internal sealed record ChaosOptions
{
    public int Tasks { get; init; } = 200;
    public int Silos { get; init; } = 3;

    /// <summary>The same seed draws the same tasks and the same faults; what they meet is the machine's chance.</summary>
    public int Seed { get; init; } = Random.Shared.Next(1, 1_000_000);

    /// <summary>How long faults go on at most; they end earlier when every task has ended.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A fault each.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>At most so many faults.</summary>
    public int Faults { get; init; } = int.MaxValue;

    /// <summary>How long everything may take to come to its end once nothing is broken any more.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(12);

    /// <summary>Times what a fault lasts, and what an agent takes.</summary>
    public double Pace { get; init; } = 1;

    /// <summary><c>Workers:LeaseTime</c> of the silos; null leaves the default.</summary>
    public TimeSpan? LeaseTime { get; init; }

    /// <summary>GitHub tells of half of the repositories. A delivery that gets lost costs up to ten minutes: too long for a test.</summary>
    public bool Webhooks { get; init; } = true;

    /// <summary>One process on SQLite in place of a cluster on PostgreSQL.</summary>
    public bool Sqlite { get; init; }

    /// <summary>Keep the folder with the logs of the silos.</summary>
    public bool Keep { get; init; }

    /// <summary>A dozen tasks and half a dozen faults, for the test suite.</summary>
    public static ChaosOptions Short(int seed) => new()
    {
        Tasks = 12,
        Silos = 2,
        Seed = seed,
        Length = TimeSpan.FromSeconds(30),
        Every = TimeSpan.FromSeconds(3),
        Faults = 6,
        Patience = TimeSpan.FromMinutes(3),
        Pace = 0.4,
        LeaseTime = TimeSpan.FromSeconds(5),
        Webhooks = false,
    };

    /// <summary>Null where <paramref name="arguments"/> can't be understood.</summary>
    public static ChaosOptions? Parse(string[] arguments)
    {
        var options = new ChaosOptions();
        for (var at = 0; at < arguments.Length; at++)
        {
            var word = arguments[at];
            if (word is "--sqlite") options = options with { Sqlite = true, Silos = 1 };
            else if (word is "--keep") options = options with { Keep = true };
            else if (word is "--short") options = Short(options.Seed) with { Sqlite = options.Sqlite, Silos = options.Sqlite ? 1 : 2, Keep = options.Keep };
            else if (at + 1 >= arguments.Length || !double.TryParse(arguments[++at], CultureInfo.InvariantCulture, out var number) || number <= 0) return null;
            else if (word is "--tasks") options = options with { Tasks = (int)number };
            else if (word is "--silos") options = options with { Silos = (int)number };
            else if (word is "--seed") options = options with { Seed = (int)number };
            else if (word is "--minutes") options = options with { Length = TimeSpan.FromMinutes(number) };
            else return null;
        }

        return options is { Sqlite: true, Silos: > 1 } ? null : options;
    }
}
