using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Ampx.FakeAgent;

/// <summary>One run: plays the directives.</summary>
internal sealed class Session(string threadId, string prompt, EventStream events)
{
    private static PosixSignalRegistration? s_ignored;
    private bool _noResult;

    public int Play(IReadOnlyList<string> script)
    {
        events.Init();
        events.Prompt(prompt);
        if (Perform(script) is { } code)
            return code;
        if (!_noResult)
            events.Result();
        return 0;
    }

    /// <summary>The exit code, if a directive ends the run.</summary>
    private int? Perform(IReadOnlyList<string> script)
    {
        foreach (var directive in script)
            if (Perform(directive) is { } code)
                return code;
        return null;
    }

    private int? Perform(string directive)
    {
        var (word, rest) = Cut(directive);
        var (first, text) = Cut(rest);
        switch (word)
        {
            case "write" or "append":
                events.Tool("edit_file", new { path = first }, () => Edit(first, text, append: word == "append"));
                break;
            case "delete":
                events.Tool("Bash", new { cmd = $"rm {rest}" }, () => Delete(rest));
                break;
            case "run":
                events.Tool("Bash", new { cmd = rest }, () => Shell("sh", "-c", rest));
                break;
            case "commit":
                events.Tool("Bash", new { cmd = $"git commit -am '{rest}'" }, () => Commit(rest));
                break;
            case "say":
                events.Say(rest);
                break;
            case "fix-from-feedback":
                return Fix();
            case "tool":
                events.Tool(first, new { cmd = $"sleep {text}" }, () => { Sleep(text); return ("done", false); });
                break;
            case "usage":
                long[] tokens = [.. rest.Split(' ').Select(t => long.Parse(t, CultureInfo.InvariantCulture)), 0];
                events.Usage = (tokens[0], tokens[1], tokens[2]);
                break;
            case "sleep":
                Sleep(rest);
                break;
            case "print":
                Fill(events.Raw, long.Parse(rest, CultureInfo.InvariantCulture));
                break;
            case "print-err":
                using (var stderr = Console.OpenStandardError())
                    Fill(stderr.Write, long.Parse(rest, CultureInfo.InvariantCulture));
                break;
            case "half-utf8":
                events.Raw([(byte)'<', 0xe2, 0x82]);
                Sleep("0.3");
                events.Raw([0xac, (byte)'>', (byte)'\n']);
                break;
            case "grandchild":
                Grandchild(rest.Length > 0 ? rest : "600");
                break;
            case "ignore-sigterm":
                s_ignored = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
                break;
            case "stall":
                Thread.Sleep(Timeout.Infinite);
                break;
            case "error":
                events.Error(rest);
                return 1;
            case "no-result":
                _noResult = true;
                break;
            case "exit":
                return int.Parse(rest, CultureInfo.InvariantCulture);
            default:
                return Amp.Fail($"no such directive: {directive} (see --help)");
        }
        return null;
    }

    private int? Fix()
    {
        var fixes = Script.FromFeedback(prompt);
        events.Say(fixes.Count == 0 ? "There is no fix in the feedback." : $"The feedback asks for: {string.Join("; ", fixes)}");
        return Perform([.. fixes.Distinct().Where(f => !f.StartsWith("fix-from-feedback", StringComparison.Ordinal))]);
    }

    private static (string, bool) Edit(string path, string text, bool append)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        text = text.EndsWith('\n') ? text : text + "\n";
        if (append)
            File.AppendAllText(path, text);
        else
            File.WriteAllText(path, text);
        return ($"wrote {path}", false);
    }

    private static (string, bool) Delete(string path)
    {
        File.Delete(path);
        return ($"deleted {path}", false);
    }

    /// <summary>With the trailers that Amp adds to commits made in its shell.</summary>
    private (string, bool) Commit(string message)
    {
        var added = Shell("git", "add", "-A");
        return added.Failed ? added : Shell("git", "-c", "user.name=Amp", "-c", "user.email=amp@example.com", "commit", "-q", "-m",
            $"{message}\n\nAmp-Thread-ID: https://ampcode.com/threads/{threadId}\nCo-authored-by: Amp <amp@ampcode.com>");
    }

    private static (string Output, bool Failed) Shell(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (output, process.ExitCode != 0);
    }

    private static void Grandchild(string seconds)
    {
        var list = Path.Combine(ThreadFile.Home, "grandchildren");
        var life = "trap '' TERM HUP INT; echo $$ >> \"$1\"; end=$(($(date +%s) + $2)); while [ $(date +%s) -lt $end ]; do sleep 1; done";
        var start = new ProcessStartInfo("sh", ["-c", $"setsid sh -c '{life.Replace("'", "'\\''", StringComparison.Ordinal)}' sh \"$1\" \"$2\" </dev/null >/dev/null 2>&1 &", "sh", list, seconds]);
        var before = File.Exists(list) ? File.ReadAllLines(list).Length : 0;
        using (var shell = Process.Start(start)!)
            shell.WaitForExit();
        while (!File.Exists(list) || File.ReadAllLines(list).Length == before)
            Thread.Sleep(5);
    }

    private static void Fill(WriteBytes write, long count)
    {
        var line = new byte[1000];
        line.AsSpan().Fill((byte)'x');
        line[^1] = (byte)'\n';
        for (; count > 0; count -= line.Length)
            write(line.AsSpan(0, (int)Math.Min(count, line.Length)));
    }

    private delegate void WriteBytes(ReadOnlySpan<byte> bytes);

    private static void Sleep(string seconds) => Thread.Sleep(TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)));

    private static (string, string) Cut(string text) => text.IndexOf(' ') is >= 0 and var at ? (text[..at], text[(at + 1)..]) : (text, "");
}
