using System.Text;
using CliWrap;
using CliWrap.Buffered;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>Git in one folder, free of the machine's and the caller's own configuration.</summary>
public sealed class BareGit(string folder)
{
    /// <summary>The folder that git works in.</summary>
    public string Folder => folder;

    /// <summary>An object name made of zeros: "no such ref".</summary>
    public static string Zero { get; } = new('0', 40);

    internal static IReadOnlyDictionary<string, string?> CleanEnvironment { get; } = Clean();

    /// <summary>Runs git and gives its output, trimmed at the end.</summary>
    /// <exception cref="InvalidOperationException">Git failed; the message has its words.</exception>
    public async Task<string> Run(params IEnumerable<string> arguments)
    {
        var result = await Try(arguments);
        return result.ExitCode == 0
            ? result.StandardOutput.TrimEnd('\n')
            : throw new InvalidOperationException($"git {string.Join(' ', arguments)} in {folder} ended with {result.ExitCode}: {result.StandardError}");
    }

    /// <summary>Runs git, whatever comes of it.</summary>
    public async Task<BufferedCommandResult> Try(params IEnumerable<string> arguments) =>
        await Cli.Wrap("git").WithArguments(arguments).WithWorkingDirectory(folder).WithEnvironmentVariables(CleanEnvironment)
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Encoding.UTF8);

    /// <summary>The commit that a ref or a (short) name stands for; null if there is none.</summary>
    public async Task<string?> Resolve(string name)
    {
        if (name.StartsWith('-')) return null;
        var result = await Try("rev-parse", "--quiet", "--verify", "--end-of-options", name + "^{commit}");
        return result.ExitCode == 0 ? result.StandardOutput.Trim() : null;
    }

    /// <summary>The tip of a branch, or null.</summary>
    public Task<string?> Branch(string name) => Resolve("refs/heads/" + name);

    /// <summary>All refs with their object names.</summary>
    public async Task<Dictionary<string, string>> Refs()
    {
        var lines = await Run("for-each-ref", "--format=%(refname) %(objectname)");
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(p => p[0], p => p[1]);
    }

    /// <summary>The first is in the history of the second.</summary>
    public async Task<bool> IsAncestor(string older, string newer) =>
        (await Try("merge-base", "--is-ancestor", older, newer)).ExitCode == 0;

    /// <summary>Paths below a folder at a commit.</summary>
    public async Task<string[]> Files(string sha, string under)
    {
        var result = await Try("ls-tree", "-r", "-z", "--name-only", sha, "--", under);
        return result.StandardOutput.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>A file's text at a commit.</summary>
    public Task<string> Text(string sha, string path) => Run("show", $"{sha}:{path}");

    private static Dictionary<string, string?> Clean()
    {
        var clean = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("GIT_", StringComparison.Ordinal)).ToDictionary(name => name, _ => (string?)null);
        clean["GIT_CONFIG_NOSYSTEM"] = "1";
        clean["GIT_CONFIG_GLOBAL"] = "/dev/null";
        clean["GIT_TERMINAL_PROMPT"] = "0";
        clean["LC_ALL"] = "C";
        clean["GIT_AUTHOR_NAME"] = clean["GIT_COMMITTER_NAME"] = "GitHub";
        clean["GIT_AUTHOR_EMAIL"] = clean["GIT_COMMITTER_EMAIL"] = "noreply@github.com";
        return clean;
    }
}
