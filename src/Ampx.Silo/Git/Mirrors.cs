using System.Collections.Concurrent;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;
using Polly;

namespace Ampx.Silo.Git;

/// <summary>A remote's branches as they just were, with every object they need in <see cref="Path"/>.</summary>
public sealed record Mirror(string Path, string? DefaultBranch, IReadOnlyDictionary<string, string> Heads);

/// <summary>One bare mirror per repository: made once, then fetched incrementally, one fetch at a time; objects are never pruned, because
/// workspaces borrow them.</summary>
public sealed partial class Mirrors(GitRunner git, GitFolders folders, TimeProvider time, ILogger<Mirrors> log)
{
    private static readonly TimeSpan FetchLimit = TimeSpan.FromMinutes(30), DefaultBranchKept = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, FetchLine> lines = new();
    private readonly ConcurrentDictionary<string, TaskProgress> cloning = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> defaultBranchRead = new();
    private readonly ResiliencePipeline retries = NetworkTrouble.Retries(time);

    public string PathOf(GitRemote remote) => folders.Mirror(remote);

    /// <summary>Brings the mirror up to date with the remote as it is after this call began.</summary>
    /// <exception cref="RemoteException">The remote is not a repository, can't be reached, or has no commits.</exception>
    public async Task<Mirror> Fetch(GitRemote remote, CancellationToken cancel = default)
    {
        remote.Checked();
        var path = PathOf(remote);
        MirrorUse.Note(path, time.GetUtcNow());
        try
        {
            // Shared with others who join, so that one caller's end doesn't end it.
            return await lines.GetOrAdd(path, _ => new FetchLine())
                .Join(remote, () => Directory.Exists(path) ? Update(path, remote) : Create(path, remote))
                .WaitAsync(cancel);
        }
        catch (GitException failure)
        {
            throw RemoteException.From(failure, remote);
        }
    }

    /// <summary>How far the first fetch of the remote is; null while there is none under way.</summary>
    public TaskProgress? HowFar(GitRemote remote) => cloning.GetValueOrDefault(PathOf(remote));

    /// <summary>The mirror has the commit.</summary>
    public Task<bool> Has(GitRemote remote, string sha, CancellationToken cancel = default) =>
        MirrorUse.Note(PathOf(remote), time.GetUtcNow()) ? Repository(remote).Has(sha, cancel) : Task.FromResult(false);

    /// <summary>Brings what is at the task's own ref at the remote into the mirror, and names it; null if nothing is.</summary>
    /// <exception cref="RemoteException">The remote can't be reached.</exception>
    public async Task<string?> FetchCheckpoint(GitRemote remote, string taskId, CancellationToken cancel = default)
    {
        var kept = RefName.OfCheckpoint(taskId);
        try
        {
            await Network(
                new GitCommand(
                    "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--", remote.Checked().Address, $"+{RefName.OfTask(taskId)}:{kept}")
                {
                    GitDir = PathOf(remote),
                    Fills = PathOf(remote),
                    Remote = remote,
                    TimeLimit = FetchLimit,
                },
                cancel);
            return await Repository(remote).Resolve(kept + "^{commit}", cancel);
        }
        catch (GitException missing) when (missing.Errors.Contains("couldn't find remote ref", StringComparison.Ordinal))
        {
            return null;
        }
        catch (GitException failure)
        {
            throw RemoteException.From(failure, remote);
        }
    }

    /// <summary>Lets go of the commits kept for a task: its work is at the remote.</summary>
    public async Task Forget(GitRemote remote, string taskId, CancellationToken cancel = default)
    {
        if (!Directory.Exists(PathOf(remote))) return;
        await Repository(remote).Run(["update-ref", "-d", RefName.OfTask(taskId)], cancel);
        await Repository(remote).Run(["update-ref", "-d", RefName.OfCheckpoint(taskId)], cancel);
        await Repository(remote).Run(["update-ref", "-d", RefName.OfTask(taskId) + "-merge"], cancel);
    }

    /// <summary>Removes mirrors that nobody has used for so long and that nobody needs.</summary>
    /// <param name="mayGo">Gets a mirror's folder, and the tasks whose commits are kept in it.</param>
    public async Task RemoveUnused(TimeSpan retainFor, Func<string, IReadOnlyCollection<string>, Task<bool>> mayGo, CancellationToken cancel = default)
    {
        if (!Directory.Exists(folders.Mirrors)) return;
        var oldest = time.GetUtcNow() - retainFor;
        foreach (var path in Directory.EnumerateDirectories(folders.Mirrors, "*.git").Where(path => MirrorUse.Last(path) < oldest).ToList())
        {
            var refs = await new GitRepository(git, path).Run(["for-each-ref", "--format=%(refname)", "refs/ampx/"], cancel);
            if (!await mayGo(path, [.. refs.Lines.Select(RefName.TaskOf).Distinct()])) continue;
            var gone = Path.Combine(folders.Mirrors, ".removed-" + Guid.NewGuid().ToString("N"));
            await lines.GetOrAdd(path, _ => new FetchLine()).Alone(() =>
            {
                if (MirrorUse.Last(path) < oldest) Directory.Move(path, gone);
            });
            LogRemoved(path);
        }

        foreach (var left in Directory.EnumerateDirectories(folders.Mirrors, ".removed-*").ToList()) DiskFolder.Delete(left);
    }

    /// <summary>The tip of one branch at the remote now, or null.</summary>
    internal async Task<string?> RemoteTip(GitRemote remote, string branch, CancellationToken cancel)
    {
        var name = RefName.Branch(branch);
        var heads = await Network(new GitCommand("ls-remote", "--heads", "--", remote.Address, name) { Remote = remote }, cancel);
        return heads.Lines.Select(line => line.Split('\t')).FirstOrDefault(line => line.Length == 2 && line[1] == name)?[0];
    }

    internal GitRepository Repository(GitRemote remote) => new(git, PathOf(remote));

    /// <summary>A call over the network, with short retries.</summary>
    internal async Task<GitResult> Network(GitCommand command, CancellationToken cancel)
    {
        try
        {
            return await retries.ExecuteAsync(async token => await git.Run(command, token), cancel);
        }
        catch (GitException large) when (large.ExitCode == GitException.TooLarge && command.Fills is { } mirror)
        {
            MirrorUpkeep.RemoveHalfPacks(mirror, DateTimeOffset.MaxValue);
            throw;
        }
    }

    private async Task<Mirror> Create(string path, GitRemote remote)
    {
        GitFolders.Create(folders.Mirrors);
        var made = path + ".new"; // one at a time by the line, so a crashed one's remains are ours to remove
        DiskFolder.Delete(made);
        var branch = await DefaultBranch(remote);
        Directory.CreateDirectory(Path.Combine(made, "objects", "pack"));
        Directory.CreateDirectory(Path.Combine(made, "refs", "heads"));
        await File.WriteAllTextAsync(Path.Combine(made, "HEAD"), $"ref: refs/heads/{branch ?? "main"}\n");
        await File.WriteAllTextAsync(Path.Combine(made, "config"), Config);
        try
        {
            await FetchHeads(made, remote, progress => cloning[path] = progress);
        }
        finally
        {
            cloning.TryRemove(path, out _);
        }

        Directory.Move(made, path);
        MirrorUse.Note(path, time.GetUtcNow());
        defaultBranchRead[path] = time.GetUtcNow();
        LogMade(remote, path);
        return await Read(path, remote, branch);
    }

    private async Task<Mirror> Update(string path, GitRemote remote)
    {
        // By the clock that files' times come from.
        MirrorUpkeep.RemoveStale(path, TimeProvider.System.GetUtcNow());
        await FetchHeads(path, remote);
        var head = (await File.ReadAllTextAsync(Path.Combine(path, "HEAD"))).Trim();
        var branch = head.StartsWith("ref: refs/heads/", StringComparison.Ordinal) ? head["ref: refs/heads/".Length..] : null;
        var now = await Read(path, remote, branch);
        var fresh = defaultBranchRead.TryGetValue(path, out var read) && time.GetUtcNow() - read < DefaultBranchKept;
        if (!fresh || branch is null || !now.Heads.ContainsKey(branch))
        {
            branch = await DefaultBranch(remote);
            if (branch is not null) await Repository(remote).Run(["symbolic-ref", "HEAD", "refs/heads/" + branch], default);
            defaultBranchRead[path] = time.GetUtcNow();
        }

        await MirrorUpkeep.Tidy(Repository(remote));
        return now with { DefaultBranch = branch };
    }

    private Task<GitResult> FetchHeads(string path, GitRemote remote, Action<TaskProgress>? told = null) => Network(
        new GitCommand(
            "fetch", told is null ? "--quiet" : "--progress", "--prune", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--", remote.Address, "+refs/heads/*:refs/heads/*")
        {
            GitDir = path,
            Fills = path,
            Remote = remote,
            TimeLimit = FetchLimit,
            Progress = told,
        },
        default);

    private async Task<Mirror> Read(string path, GitRemote remote, string? defaultBranch)
    {
        var lines = await new GitRepository(git, path).Run(["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/"], default);
        var heads = lines.Lines.Select(line => line.Split(' ', 2)).ToDictionary(line => line[1]["refs/heads/".Length..], line => line[0]);
        return heads.Count > 0 ? new Mirror(path, defaultBranch, heads) : throw RemoteException.Empty(remote);
    }

    /// <summary>What the remote's HEAD names; a detached HEAD counts as the branch with that tip.</summary>
    private async Task<string?> DefaultBranch(GitRemote remote)
    {
        var answer = await Network(new GitCommand("ls-remote", "--symref", "--", remote.Address) { Remote = remote }, default);
        var lines = answer.Lines.Select(line => line.Split('\t')).Where(line => line.Length == 2).ToList();
        if (lines.FirstOrDefault(l => l[1] == "HEAD" && l[0].StartsWith("ref: refs/heads/", StringComparison.Ordinal)) is { } symbolic)
            return symbolic[0]["ref: refs/heads/".Length..];
        var heads = lines.Where(l => l[1].StartsWith("refs/heads/", StringComparison.Ordinal)).ToList();
        if (heads.Count == 0) throw RemoteException.Empty(remote);
        var tip = lines.FirstOrDefault(l => l[1] == "HEAD")?[0];
        return heads.Where(l => tip is null || l[0] == tip)
            .Select(l => l[1]["refs/heads/".Length..])
            .OrderBy(name => name is "main" or "master" ? 0 : 1)
            .FirstOrDefault();
    }

    private const string Config = """
        [core]
        	repositoryformatversion = 0
        	bare = true
        	hooksPath = /dev/null
        	logAllRefUpdates = false
        [gc]
        	auto = 0
        [maintenance]
        	auto = false
        [receive]
        	autogc = false
        	unpackLimit = 100
        [fetch]
        	unpackLimit = 1

        """;

    [LoggerMessage(Level = LogLevel.Debug, Message = "Mirror of {Remote} made in {Path}")]
    private partial void LogMade(GitRemote remote, string path);

    [LoggerMessage(Level = LogLevel.Information, Message = "The mirror {Path} isn't needed any more and is removed")]
    private partial void LogRemoved(string path);
}

/// <summary>Keeps a mirror fast and free of what crashed processes left.</summary>
internal static class MirrorUpkeep
{
    private const int ManyPacks = 50;

    public static void RemoveStale(string mirror, DateTimeOffset now)
    {
        var locks = Directory.EnumerateFiles(mirror, "*.lock")
            .Concat(Directory.EnumerateFiles(Path.Combine(mirror, "refs"), "*.lock", SearchOption.AllDirectories));
        RemoveOlder(locks, now - TimeSpan.FromMinutes(1));
        RemoveHalfPacks(mirror, now - TimeSpan.FromDays(1));
    }

    public static void RemoveHalfPacks(string mirror, DateTimeOffset before) => RemoveOlder(Directory.EnumerateFiles(Path.Combine(mirror, "objects", "pack"), "tmp_*"), before);

    private static void RemoveOlder(IEnumerable<string> files, DateTimeOffset time)
    {
        foreach (var file in files.Where(f => File.GetLastWriteTimeUtc(f) < time).ToList()) File.Delete(file);
    }

    /// <summary>Rolls many small packs into few. Nothing is dropped: a geometric repack takes packs whole.</summary>
    public static async Task Tidy(GitRepository mirror)
    {
        if (Directory.EnumerateFiles(Path.Combine(mirror.Folder, "objects", "pack"), "*.pack").Count() > ManyPacks)
            await mirror.Try(["repack", "--geometric=2", "-d", "-q"], default);
    }
}
