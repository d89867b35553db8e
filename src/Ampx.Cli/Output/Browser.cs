using System.ComponentModel;
using System.Diagnostics;

namespace Ampx.Cli.Output;

/// <summary>Opens web pages where there is a display; elsewhere says their address.</summary>
internal static class Browser
{
    public static int Show(Terminal terminal, string url)
    {
        if (terminal.JsonOnly) Terminal.Json(new UrlReport(url), json => json.UrlReport);
        else if (terminal.IsScreen && Uri.TryCreate(url, UriKind.Absolute, out var page) && page.Scheme is "http" or "https" && TryOpen(url)) Terminal.Say($"Opening {Plain.Line(url)}");
        else Terminal.Line(Plain.Line(url));
        return ExitCode.Done;
    }

    private static bool TryOpen(string url)
    {
        static string? Has(string name) => Environment.GetEnvironmentVariable(name);
        var program = Has("BROWSER") is { Length: > 0 } chosen ? chosen
            : OperatingSystem.IsMacOS() ? "open"
            : (Has("DISPLAY") ?? Has("WAYLAND_DISPLAY")) is { Length: > 0 } ? "xdg-open"
            : null;
        if (program is null) return false;
        try
        {
            // Its own words would land in the middle of ours.
            using var started = Process.Start(new ProcessStartInfo(program, (string[])[url]) { RedirectStandardOutput = true, RedirectStandardError = true });
            return started is not null;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            return false;
        }
    }
}
