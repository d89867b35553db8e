using System.Text;
using System.Text.RegularExpressions;
using Ampx.Core;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>The rows of the command line that are a service: on a pipe, and on a terminal.</summary>
public sealed partial class ServiceRowTests : IDisposable
{
    private readonly CliHome _home = new();

    // What the service itself logs, and when, is another matter.
    public ServiceRowTests() => _home.Environment["Logging__LogLevel__Default"] = _home.Environment["Logging__LogLevel__Ampx"] = "None";

    public void Dispose()
    {
        // Of a test that failed half way.
        if (ServiceFile.Live(_home.Data) is { } left) System.Diagnostics.Process.GetProcessById(left.Pid).Kill();
        _home.Dispose();
    }

    [Fact]
    public async Task Up_and_down_in_the_background()
    {
        var up = await _home.Run("up", "--detach", "--port", "0");
        var again = await _home.OnTerminal(["up", "--detach"]);
        var down = await _home.OnTerminal(["down"]);
        Assert.Null(ServiceFile.Live(_home.Data));
        Snapshot.Is("up-detach", Told("up --detach", up.Exit, up.Out, up.Error)
            + Told("up --detach, once more, on a terminal", again.Exit, again.Screen.ToString()) + Told("down, on a terminal", down.Exit, down.Screen.ToString()));
    }

    [Fact]
    public async Task Up_on_a_terminal_until_ctrl_c_and_down_on_a_pipe()
    {
        var up = await _home.OnTerminal(["up", "--port", "0"], columns: 120, meanwhile: async terminal => await Once(terminal, "second Ctrl+C stops them too", () => terminal.Press("\u0003")));
        var down = await _home.Run("down");
        Assert.True(up.Screen.CursorShown, "the cursor stays hidden");
        Snapshot.Is("up", Told("up, on a terminal, and Ctrl+C", up.Exit, up.Screen.ToString()) + Told("down, where nothing runs", down.Exit, down.Out, down.Error));
    }

    [Fact]
    public async Task The_demo_on_a_terminal_of_80_columns()
    {
        _home.Environment["Ampx__Agents__demo__Environment__AMPX_DEMO_PAUSE"] = "0";
        var seen = await _home.OnTerminal(["demo"]);
        Assert.InRange(seen.Screen.Widest, 0, 80);
        Assert.True(seen.Screen.CursorShown, "the cursor stays hidden");
        Snapshot.Is("demo", Told("demo", seen.Exit, seen.Screen.ToString()));
    }

    private static async Task Once(Pty terminal, string words, Action then)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!terminal.Seen.Contains(words, StringComparison.Ordinal)) await Task.Delay(20, late.Token);
        then();
    }

    private string Told(string what, int exit, string output, string? errors = null)
    {
        var told = new StringBuilder($"$ ampx {what}\nexit {exit}\n\n").Append(output);
        if (errors is not null) told.Append("-- stderr --\n").Append(errors);
        return Steady(told.Append('\n').ToString());
    }

    /// <summary>Without what differs from run to run.</summary>
    private string Steady(string text)
    {
        text = text.Replace(_home.Folder, "~", StringComparison.Ordinal);
        text = Port().Replace(Pid().Replace(Code().Replace(text, "code=CODE"), "pid 4711"), "127.0.0.1:8080");
        return Commit().Replace(Id().Replace(Took().Replace(text, "  0.0s"), "01JD3Z8M4N5P6Q7R8S9TAK3F9Q"), "0000000");
    }

    [GeneratedRegex(@"127\.0\.0\.1:\d+")]
    private static partial Regex Port();

    [GeneratedRegex(@"pid \d+")]
    private static partial Regex Pid();

    [GeneratedRegex(@"code=[\w-]+")]
    private static partial Regex Code();

    [GeneratedRegex(@"(?<=\{2\}|\d attempts in) *\d+(\.\d)?s\b")]
    private static partial Regex Took();

    [GeneratedRegex(@"\b01[0-9A-Z]{24}\b|(?<=ampx-demo-)\w+")]
    private static partial Regex Id();

    [GeneratedRegex(@"\b([0-9a-f]{40}|[0-9a-f]{7})\b")]
    private static partial Regex Commit();
}
