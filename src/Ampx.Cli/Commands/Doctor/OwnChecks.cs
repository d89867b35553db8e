using System.ComponentModel;
using System.Diagnostics;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;

namespace Ampx.Cli.Commands.Doctor;

/// <summary>What the CLI can tell of the machine that it runs on itself, with or without a service.</summary>
internal sealed class OwnChecks(Terminal terminal, Folders folders)
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public async Task<IReadOnlyList<DoctorCheck>> Look(CancellationToken cancel) =>
        [DoctorCheck.Fine("ampx", $"version {Versions.Own}"), Config(), await Git(cancel), Screen()];

    /// <summary>The file that <c>ampx login</c> keeps a token in is nobody else's to read.</summary>
    private DoctorCheck Config()
    {
        var file = Path.Combine(folders.Config, "config.json");
        if (!File.Exists(file)) return DoctorCheck.Fine("config", $"no {file}, and none is needed for a service here", needed: false);
        if (OperatingSystem.IsWindows()) return DoctorCheck.Fine("config", file, needed: false);
        var mode = File.GetUnixFileMode(file);
        return (mode & Others) == 0
            ? DoctorCheck.Fine("config", $"{file}, for you alone", needed: false)
            : DoctorCheck.Bad("config", $"others on this machine can read or change {file} ({Convert.ToString((int)mode, 8)}), and it may hold a token", $"chmod 600 {file}");
    }

    private static async Task<DoctorCheck> Git(CancellationToken cancel)
    {
        const string Fix = "Install git from your system's packages, or name the repository with --repo.";
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        soon.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = (await git.StandardOutput.ReadToEndAsync(soon.Token)).Trim();
            await git.WaitForExitAsync(soon.Token);
            return git.ExitCode == 0
                ? DoctorCheck.Fine("git-here", said, needed: false)
                : DoctorCheck.Warning("git-here", $"'git --version' ends with {git.ExitCode}: 'ampx start' can't find a checkout's origin", Fix);
        }
        catch (Win32Exception)
        {
            return DoctorCheck.Warning("git-here", "there is no git on this PATH: 'ampx start' can't find a checkout's origin", Fix);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return DoctorCheck.Warning("git-here", "'git --version' gave no answer within 5 s: 'ampx start' can't find a checkout's origin", Fix);
        }
    }

    private DoctorCheck Screen()
    {
        if (!terminal.IsScreen) return DoctorCheck.Fine("terminal", "output goes to a file or program: plain, no colour", needed: false);
        var about = $"{Terminal.Width} columns, {(terminal.Colour ? "colour" : "no colour")}, {(terminal.CanRedraw ? "live lists" : "no live lists (TERM is dumb)")}";
        // By POSIX' order, the first that is set counts.
        var language = folders.Get("LC_ALL") ?? folders.Get("LC_CTYPE") ?? folders.Get("LANG") ?? "C";
        return language.Contains("UTF", StringComparison.OrdinalIgnoreCase)
            ? DoctorCheck.Fine("terminal", about, needed: false)
            : DoctorCheck.Warning("terminal", $"{about}; its language '{language}' says nothing of UTF-8, so some signs may be wrong", "export LC_ALL=C.UTF-8, if the terminal shows ✓ as something else.");
    }
}
