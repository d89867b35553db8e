using System.Globalization;
using System.Text.RegularExpressions;

namespace Ampx.Cli.Output;

/// <summary>Times as people say and write them.</summary>
internal static partial class Times
{
    /// <summary><c>now</c>, <c>12s</c>, <c>5m</c>, <c>3h</c>, <c>2d</c>: the age in one unit.</summary>
    public static string Age(DateTimeOffset then, DateTimeOffset now) => (now - then) switch
    {
        { TotalSeconds: < 1 } => "now",
        { TotalMinutes: < 1 } span => $"{(int)span.TotalSeconds}s",
        { TotalHours: < 1 } span => $"{(int)span.TotalMinutes}m",
        { TotalDays: < 1 } span => $"{(int)span.TotalHours}h",
        var span => $"{(int)span.TotalDays}d",
    };

    /// <summary><see cref="Age"/> in a sentence.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => Age(then, now) is var age && age == "now" ? "just now" : $"{age} ago";

    /// <summary><c>0.4s</c>, <c>12s</c>, <c>5m 02s</c>, <c>3h 05m</c>.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 0 } => "0s",
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.0}s"),
        { TotalMinutes: < 1 } => $"{(int)span.TotalSeconds}s",
        { TotalHours: < 1 } => $"{span.Minutes}m {span.Seconds:00}s",
        _ => $"{(int)span.TotalHours}h {span.Minutes:00}m",
    };

    /// <summary>Reads <c>90s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c> or <c>hh:mm:ss</c>.</summary>
    public static TimeSpan Parse(string text, string option)
    {
        var units = Units().Match(text.Trim());
        if (units.Success && units.Length > 0)
        {
            var seconds = Part("d") * 86400 + Part("h") * 3600 + Part("m") * 60 + Part("s");
            if (seconds is > 0 and < 3_000_000_000) return TimeSpan.FromSeconds(seconds);
        }
        else if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) && span > TimeSpan.Zero)
        {
            return span;
        }

        throw CliError.Usage($"{option} '{text}' is no length of time.", "Write it like 90s, 10m, 1h30m, 2d or 01:30:00.");

        double Part(string unit) => units.Groups[unit] is { Success: true } found ? double.Parse(found.Value, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(@"^(?:(?<d>\d{1,9})d)?(?:(?<h>\d{1,9})h)?(?:(?<m>\d{1,9})m)?(?:(?<s>\d{1,9})s)?$")]
    private static partial Regex Units();
}
