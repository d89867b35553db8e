using Ampx.Core.Tasks;

namespace Ampx.Cli.Output;

/// <summary>A bar within a line of one's own making.</summary>
internal static class Bar
{
    /// <summary><paramref name="width"/> columns; without colour what is missing is blank.</summary>
    public static string Of(double done, double total, int width, bool colour)
    {
        var full = total > 0 ? (int)(width * Math.Clamp(done / total, 0, 1)) : 0;
        return Terminal.Paint(new string('━', full), "32", colour) + (colour ? Terminal.Paint(new string('━', width - full), "2", colour) : new string(' ', width - full));
    }
}

/// <summary>A task's progress as it is seen to come: with its rate and the time left, once both are known.</summary>
internal sealed class Pace(TimeProvider clock)
{
    private const int Narrowest = 4, Widest = 24;
    private string? _unit;
    private long _first, _since;

    /// <summary><c>━━━━━━ 1234/2750 objects, 310/s, 4.9s left</c>, or as much of it as there is room for.</summary>
    public string Line(TaskProgress now, int room, bool colour)
    {
        if (_unit != now.Unit || now.Done < _first) (_unit, _first, _since) = (now.Unit, now.Done, clock.GetTimestamp());
        var count = $"{now.Done}/{now.Total} {now.Unit}";
        var (rate, left) = (Rate(now), Left(now));
        foreach (var words in (string[])[count + rate + left, count + left])
        {
            if (room - words.Length - 1 is >= Narrowest and var width) return $"{Bar.Of(now.Done, now.Total, Math.Min(width, Widest), colour)} {words}";
        }

        return Plain.Cut(count, Math.Max(room, 1));
    }

    private string Rate(TaskProgress now) => Seen(now) is { } since ? $", {Working.Rate((now.Done - _first) / since.TotalSeconds)}" : "";

    private string Left(TaskProgress now) =>
        Seen(now) is { } since && Working.Left(now.Done - _first, now.Total - _first, since) is { } left ? $", {Times.Span(left)} left" : "";

    /// <summary>For how long it has been seen to move; null while that says nothing.</summary>
    private TimeSpan? Seen(TaskProgress now) => clock.GetElapsedTime(_since) is { TotalSeconds: >= 1 } since && now.Done > _first ? since : null;
}
