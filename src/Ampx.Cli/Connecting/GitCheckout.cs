using System.ComponentModel;
using System.Diagnostics;

namespace Ampx.Cli.Connecting;

/// <summary>The checkout that the user stands in, as far as a task needs to know it.</summary>
/// <param name="Origin">Where its work comes from, as git has it.</param>
/// <param name="Unseen">What a task won't see, a sentence each: it starts from what is pushed.</param>
internal sealed record GitCheckout(string Origin, IReadOnlyList<string> Unseen)
{
    /// <summary>Null if <paramref name="folder"/> is in no checkout with an origin, or git is missing.</summary>
    public static async Task<GitCheckout?> Read(string folder, CancellationToken cancel)
    {
        if (await Git(folder, cancel, "remote", "get-url", "origin") is not { Length: > 0 } origin) return null;
        // A relative path in there is relative to the checkout's top.
        if (origin.StartsWith('.') && await Git(folder, cancel, "rev-parse", "--show-toplevel") is { } top) origin = Path.GetFullPath(Path.Combine(top, origin));
        List<string> unseen = [];
        var changed = (await Git(folder, cancel, "status", "--porcelain"))?.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length ?? 0;
        if (changed > 0) unseen.Add($"{Count(changed, "uncommitted file")} here: the task won't see {(changed == 1 ? "it" : "them")}.");
        var ahead = await Git(folder, cancel, "rev-list", "--count", "HEAD", "--not", "--remotes=origin");
        if (int.TryParse(ahead, out var commits) && commits > 0) unseen.Add($"{Count(commits, "unpushed commit")} here: the task starts from what is at {origin}.");
        return new(origin, unseen);
    }

    private static string Count(int number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";

    private static async Task<string?> Git(string folder, CancellationToken cancel, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var git = Process.Start(start)!;
            var errors = git.StandardError.ReadToEndAsync(cancel);
            var output = await git.StandardOutput.ReadToEndAsync(cancel);
            await errors;
            await git.WaitForExitAsync(cancel);
            return git.ExitCode == 0 ? output.TrimEnd() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
