namespace Ampx.FakeGitHub.Control;

/// <summary>What may befall deliveries on their way, each with its share of them (0 to 1), drawn by <see cref="Seed"/>.</summary>
public sealed class Mischief
{
    private Random? dice;

    /// <summary>The same seed draws the same fates.</summary>
    public int Seed { get; init; }

    /// <summary>Never come.</summary>
    public double Lost { get; init; }

    /// <summary>Come twice, under one id.</summary>
    public double Doubled { get; init; }

    /// <summary>Come signed with another secret in place of the right one.</summary>
    public double Forged { get; init; }

    /// <summary>Come up to <see cref="LatestMs"/> milliseconds late, and so out of order.</summary>
    public double Late { get; init; }

    /// <summary>The longest delay in milliseconds.</summary>
    public int LatestMs { get; init; } = 1000;

    /// <summary>What happens to the next one: nothing that comes, or one or two that do.</summary>
    internal IReadOnlyList<Fate> Fates()
    {
        dice ??= new(Seed);
        if (Draw(Lost)) return [];
        var first = new Fate(Delay(), Draw(Forged));
        return Draw(Doubled) ? [first, first with { After = Delay() }] : [first];
    }

    private TimeSpan Delay() => Draw(Late) ? TimeSpan.FromMilliseconds(dice!.Next(1, LatestMs + 1)) : TimeSpan.Zero;

    private bool Draw(double share) => dice!.NextDouble() < share;
}

/// <summary>How one delivery comes.</summary>
internal sealed record Fate(TimeSpan After, bool Forged)
{
    public static Fate Untouched { get; } = new(TimeSpan.Zero, false);
}
