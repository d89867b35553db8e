namespace Ampx.Cli;

/// <summary>This program's version, and the service's as it tells it with every answer.</summary>
internal static class Versions
{
    /// <summary>The header that the service tells its version in.</summary>
    public const string Header = "Ampx-Version";

    private static int _warned;

    public static string Own { get; } = typeof(Versions).Assembly.GetName().Version is { } version ? version.ToString(3) : "0.0.0";

    /// <summary>Whether one of the two may not understand the other: another release line. Patches always do.</summary>
    public static bool Differ(string other) => Version.TryParse(other.Split('-', '+')[0], out var theirs) && Version.TryParse(Own, out var own)
        && (theirs.Major, theirs.Minor) != (own.Major, own.Minor);

    /// <summary>Says once that the service at <paramref name="server"/> is of another release line.</summary>
    public static void Heard(string other, Uri server)
    {
        if (Differ(other) && Interlocked.Exchange(ref _warned, 1) == 0)
            Output.Terminal.Say($"warning: this is ampx {Own}, the service at {server.GetLeftPart(UriPartial.Authority)} is {Output.Plain.Line(other)}: update the older of the two.");
    }
}
