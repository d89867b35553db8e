using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Git;
using Ampx.Silo.Hosting;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Agents.Sandboxes;

/// <summary>A program with its arguments, its whole environment, and what it may take.</summary>
public sealed record Call(string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, RunLimits? Limits = null);

public static class CallInSandbox
{
    /// <summary>The same run, its program called as <paramref name="around"/> has it.</summary>
    public static RunSpec In(this RunSpec spec, Func<Call, Call> around)
    {
        var call = around(new(AmpThreads.Find(spec.Command, spec.Environment) ?? spec.Command, spec.Arguments, spec.Environment));
        return spec with { Command = call.Program, Arguments = call.Arguments, Environment = call.Environment, Limits = call.Limits };
    }
}

/// <summary>Where a run works, and for whom.</summary>
/// <param name="Tree">The working tree: all that it may change but its home and its temporary files.</param>
/// <param name="Mirror">The repository whose objects the tree borrows.</param>
public sealed record SandboxPlace(string RunId, string Tree, string Mirror, string Owner, string RepoKey);

/// <summary>
/// Keeps a run from the rest of the machine. It sees the system and the tools of the service's user, to read; it may write its tree, a folder for temporary files, and a home
/// that all runs of one owner on one repository share, so that package caches last. Where the service's own files lie, it finds nothing.
/// </summary>
public sealed class Sandbox(DataFolder data, AgentRuns runs, Homes homes, IOptions<GitHubOptions> gitHub, IOptions<GitOptions> git)
{
    /// <summary>Seen by runs where the service has no home, or the root folder for one.</summary>
    private const string NoHome = "/home/agent";

    /// <summary>The call as it is made: inside a sandbox, or as it is where <paramref name="rules"/> want none.</summary>
    /// <exception cref="InvalidOperationException">There has to be a sandbox, and there can be none on this machine.</exception>
    public Call Around(Call call, SandboxRules rules, SandboxPlace place)
    {
        if (!rules.IsOn) return call with { Limits = Limits(place.Tree) };
        if (Bubblewrap.WhyNot is { } why) throw new InvalidOperationException(why);
        var home = call.Environment.GetValueOrDefault("HOME") is { Length: > 1 } own && Path.IsPathRooted(own) ? Path.TrimEndingDirectorySeparator(own) : NoHome;
        var box = new Bubblewrap().ShowSystem().WithKernel();
        if (!rules.Network) box.WithoutNetwork();

        var temporary = Folder(Path.Combine(runs.Folder(place.RunId).Path, "tmp"));
        box.Give(temporary, "/tmp").Give(temporary, "/var/tmp");
        var kept = homes.Of(place.Owner, place.RepoKey);
        // Side by side: what a run puts into one of them must not lead the next one's mounts astray.
        string Kept(string name) => Folder(Path.Combine(kept, name));
        box.Give(Kept("home"), home);
        // Settings and caches that the service's user keeps elsewhere: the same there.
        foreach (var (name, path) in call.Environment.Where(variable => IsXdg(variable.Key) && Path.IsPathRooted(variable.Value) && !ToolFolders.IsWithin(variable.Value, home)))
            box.Give(Kept(name), path);
        var shown = new List<string>();
        foreach (var path in Wanted(call, rules, home).Where(path => Path.Exists(path) && !ToolFolders.IsSystem(path) && !IsTooWide(path, home)))
        {
            if (shown.Exists(folder => ToolFolders.IsWithin(path, folder))) continue;
            if (ToolFolders.IsWithin(path, home)) DiskFolder.RemoveLinks(Kept("home"), Path.GetRelativePath(home, path));
            box.Show(path);
            shown.Add(path);
        }

        box.Clear(data.Path).Show(Path.Combine(place.Mirror, "objects")).Give(place.Tree, place.Tree).Close(data.Path);
        foreach (var secret in OwnFiles().Where(path => ToolFolders.IsSystem(path) || shown.Exists(folder => ToolFolders.IsWithin(path, folder)))) box.Cover(secret);
        foreach (var path in rules.ReadOnly) box.Show(Expanded(path, home));
        foreach (var path in rules.ReadWrite.Select(path => Expanded(path, home)).Where(Path.Exists)) box.Give(path, path);
        return new Call(Bubblewrap.Program!, box.Run(place.Tree, [.. Prlimit.For(rules.Limits), call.Program, .. call.Arguments]), EnvironmentOf(call, home), Limits(place.Tree, temporary, kept));

        RunLimits? Limits(params IReadOnlyList<string> folders) => rules.Limits is { } limits ? limits with { Folders = folders } : null;
    }

    /// <summary>Tools, the program itself, and the files that its settings name.</summary>
    private static IEnumerable<string> Wanted(Call call, SandboxRules rules, string home) =>
    [
        .. ToolFolders.Of(home, call.Environment.GetValueOrDefault("PATH", "")),
        .. ToolFolders.OfProgram(call.Program),
        .. call.Arguments.Where(argument => Path.IsPathRooted(argument) && Path.Exists(argument)),
        .. rules.SignIn,
        .. call.Environment.Where(variable => variable.Key is "SSL_CERT_FILE" or "SSL_CERT_DIR" or "NODE_EXTRA_CA_CERTS").Select(variable => variable.Value),
    ];

    /// <summary>Files that hold the service's keys, if they lie where an agent may look.</summary>
    private IEnumerable<string> OwnFiles() =>
        ((string?[])[gitHub.Value.PrivateKeyPath, Environment.GetEnvironmentVariable("AMPX_CONFIG"), Path.Combine(AppContext.BaseDirectory, "appsettings.json")])
            .Where(path => !string.IsNullOrEmpty(path)).Select(path => Path.GetFullPath(path!));

    /// <summary>It would show the service's files, or somebody's whole home.</summary>
    private bool IsTooWide(string path, string home) => ToolFolders.IsWithin(home, path) || ToolFolders.IsWithin(data.Path, path) || ToolFolders.IsWithin(path, data.Path) || path is "/" or "/tmp" or "/var/tmp";

    private Dictionary<string, string> EnvironmentOf(Call call, string home)
    {
        var variables = call.Environment.Where(variable => variable.Key is not "TMPDIR").ToDictionary();
        variables["HOME"] = home;
        // The user's own git settings, which may hold keys, are not there: who commits is said here.
        foreach (var who in (string[])["AUTHOR", "COMMITTER"])
        {
            variables.TryAdd($"GIT_{who}_NAME", git.Value.AuthorName);
            variables.TryAdd($"GIT_{who}_EMAIL", git.Value.AuthorEmail);
        }

        return variables;
    }

    private static bool IsXdg(string variable) => variable is "XDG_CONFIG_HOME" or "XDG_DATA_HOME" or "XDG_CACHE_HOME";

    private static string Expanded(string path, string home) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? home + path[1..] : path;

    private static string Folder(string path)
    {
        GitFolders.Create(path);
        return path;
    }
}
