using System.ComponentModel;
using System.Diagnostics;

namespace Ampx.Silo.Agents.Sandboxes;

/// <summary>The program bubblewrap as it is called for one run: what is mounted, in order; a later mount lies over an earlier one.</summary>
internal sealed class Bubblewrap
{
    private static readonly string[] Apart = ["--unshare-user-try", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly Lazy<(string? Version, string? WhyNot)> Tried = new(Try);
    private readonly List<string> arguments;

    /// <summary>
    /// Everything of its own but the network. A pid namespace ends with its first process, which bubblewrap is: whatever the run has started ends with it.
    /// Never <c>--die-with-parent</c>: that fires with the thread that started it, and the supervisor ends the run by itself.
    /// </summary>
    public Bubblewrap() => arguments = [.. Apart, "--unshare-pid", "--new-session"];

    private Bubblewrap(List<string> arguments) => this.arguments = arguments;

    /// <summary>For a program that is trusted with processes: bubblewrap becomes it, and what ends bubblewrap ends the program.</summary>
    public static Bubblewrap Around() => new([.. Apart, "--unshare-net", "--dev", "/dev"]);

    /// <summary>Its path; null if it isn't installed.</summary>
    public static string? Program { get; } = AmpThreads.Find("bwrap", new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "" });

    /// <summary>Why it doesn't work on this machine; null if it does. Tried once.</summary>
    public static string? WhyNot => Tried.Value.WhyNot;

    /// <summary>As it names itself.</summary>
    public static string? Version => Tried.Value.Version;

    /// <summary>No network, not even this machine's own.</summary>
    public Bubblewrap WithoutNetwork() => Add("--unshare-net");

    /// <summary>A folder or file as it is, to read; nothing if there is none.</summary>
    public Bubblewrap Show(string path) => Path.Exists(path) ? Add("--ro-bind", path, path) : this;

    /// <summary>A folder or file, to write.</summary>
    public Bubblewrap Give(string source, string path) => Add("--bind", source, path);

    public Bubblewrap Link(string path, string target) => Add("--symlink", target, path);

    /// <summary>Nothing of what is there can be seen.</summary>
    public Bubblewrap Cover(string path) => Directory.Exists(path) ? Add("--tmpfs", path, "--remount-ro", path) : File.Exists(path) ? Add("--ro-bind", "/dev/null", path) : this;

    /// <summary>An empty folder for what is mounted in it next.</summary>
    public Bubblewrap Clear(string path) => Add("--tmpfs", path);

    /// <summary>Closes what <see cref="Clear"/> made.</summary>
    public Bubblewrap Close(string path) => Add("--remount-ro", path);

    /// <summary>Devices and processes: its own only.</summary>
    public Bubblewrap WithKernel() => Add("--dev", "/dev", "--proc", "/proc");

    /// <summary>The whole call; the root, in which all this is mounted, can't be written.</summary>
    public IReadOnlyList<string> Run(string folder, IEnumerable<string> command) => [.. arguments, "--remount-ro", "/", "--chdir", folder, "--", .. command];

    private Bubblewrap Add(params ReadOnlySpan<string> more)
    {
        arguments.AddRange(more);
        return this;
    }

    private static (string? Version, string? WhyNot) Try()
    {
        if (Program is null) return (null, "bubblewrap isn't installed");
        try
        {
            var version = Call("--version");
            var tried = Call([.. new Bubblewrap().Show("/").WithKernel().Run("/", ["true"])]);
            return (version.Said, tried.Code == 0 ? null : $"{version.Said} doesn't work here: {tried.Said}");
        }
        catch (Exception failed) when (failed is Win32Exception or IOException or TimeoutException)
        {
            return (null, $"{Program} can't be run: {failed.Message}");
        }
    }

    private static (int Code, string Said) Call(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Program!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(Patience)) return (process.ExitCode, $"{said.Result}{errors.Result}".Trim().ReplaceLineEndings(" "));
        process.Kill(entireProcessTree: true);
        throw new TimeoutException($"no answer within {Patience.TotalSeconds:0} s");
    }
}
