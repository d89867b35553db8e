using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Git.Guarding;

/// <summary>
/// Looks through a whole change, from the base to the pushed commit, for what a person should see: protected files, tests that are gone, tests
/// that are skipped. It reads git's objects out of the mirror, never a work tree. What is too much to be read or listed is itself a finding.
/// </summary>
public sealed class Guards(Mirrors mirrors, TimeProvider time, IOptions<GuardOptions> options)
{
    /// <summary>Test files that are looked through in one change.</summary>
    private const int MostFiles = 300;

    /// <summary>Of one test file.</summary>
    private const int MostBytes = 1 << 20;

    /// <summary>For all of them; what isn't looked through by then is told.</summary>
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);

    /// <summary>Findings that are kept one by one; they are part of the task's state.</summary>
    internal const int MostFindings = 100;

    private readonly PathGlobs protectedFiles = options.Value.ProtectedFiles, testFiles = options.Value.TestFiles;

    /// <summary>What is to be seen in what <paramref name="headSha"/> would bring into the base as it is now.</summary>
    /// <param name="baseBranch">Fetched first: the agent may have merged what came to it meanwhile, and taken that back.</param>
    /// <param name="baseSha">What the base was when the run began; goes where the branch is gone.</param>
    /// <exception cref="RemoteException">The remote can't be reached.</exception>
    /// <exception cref="GitException">The commits can't be read.</exception>
    public async Task<GuardReport> Look(GitRemote remote, string baseBranch, string baseSha, string headSha, CancellationToken cancel = default)
    {
        var target = (await mirrors.Fetch(remote, cancel)).Heads.GetValueOrDefault(baseBranch, baseSha);
        var repository = mirrors.Repository(remote);
        var from = await repository.MergeBase(RefName.Sha(target), RefName.Sha(headSha), cancel) ?? target;
        var list = await repository.Run(["diff-tree", "-r", "--raw", "-z", "--no-abbrev", "--find-renames", "-l2000", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", from, headSha, "--"], cancel);
        if (list.Truncated) return Report([Of(GuardKind.More, "more changed files than can be looked through", headSha)]);

        var changes = TreeChange.Read(list.Output).ToList();
        var findings = changes.SelectMany(Paths).ToList();
        findings.AddRange(await Skipped(repository, [.. changes.Where(MayAddMarks)], cancel));
        return Report(findings);
    }

    private IEnumerable<GuardFinding> Paths(TreeChange change)
    {
        var (old, now) = (change.Old, change.New);
        if (old is not null && old.Path != now?.Path && protectedFiles.Fit(old.Path)) yield return Of(GuardKind.ProtectedPath, old.Path, "gone");
        if (now is not null && (protectedFiles.Fit(now.Path) || (now.IsLink && protectedFiles.MayLieBelow(now.Path)))) yield return Of(GuardKind.ProtectedPath, now.Path, $"{now.Mode} {now.Sha}");
        if (old is { IsFile: true, IsEmpty: false } && testFiles.Fit(old.Path) && !StillTests(old, now)) yield return Of(GuardKind.TestDeleted, old.Path, old.Sha);
    }

    /// <summary>A test file that was moved to where tests are, and is still of a language that is run.</summary>
    private bool StillTests(TreeEntry old, TreeEntry? now) =>
        now is { IsFile: true, IsEmpty: false } && testFiles.Fit(now.Path) && (SkipMarks.AreKnownFor(now.Path) || !SkipMarks.AreKnownFor(old.Path));

    private bool MayAddMarks(TreeChange change) =>
        change.New is { IsFile: true } now && now.Sha != change.Old?.Sha && SkipMarks.AreKnownFor(now.Path) && testFiles.Fit(now.Path);

    private async Task<List<GuardFinding>> Skipped(GitRepository repository, IReadOnlyList<TreeChange> changes, CancellationToken cancel)
    {
        var marks = new AddedMarks(repository, MostBytes);
        var since = time.GetTimestamp();
        var read = changes.Take(MostFiles).ToList();
        var sizes = await marks.Sizes([.. read.SelectMany(c => (TreeEntry?[])[c.Old, c.New]).Where(e => e is { IsFile: true }).Select(e => e!.Sha).Distinct()], cancel);
        var findings = new List<GuardFinding>();
        foreach (var change in read)
        {
            var lines = time.GetElapsedTime(since) < MostTime ? await marks.In(change, sizes, cancel) : null;
            if (lines is null) findings.Add(Of(GuardKind.Unread, change.New!.Path, change.New.Sha));
            // The same mark twice is two: one more than a person has seen is new.
            else findings.AddRange(lines.GroupBy(line => line).SelectMany(same => same.Select((line, index) => Of(GuardKind.TestSkipped, change.New!.Path, $"{index} {line}"))));
        }

        findings.AddRange(changes.Skip(MostFiles).Select(change => Of(GuardKind.Unread, change.New!.Path, change.New.Sha)));
        return findings;
    }

    private static GuardReport Report(List<GuardFinding> findings)
    {
        if (findings.Count <= MostFindings) return new([.. findings]);
        var rest = findings.Skip(MostFindings).ToList();
        return new([.. findings.Take(MostFindings), Of(GuardKind.More, string.Create(CultureInfo.InvariantCulture, $"{rest.Count} findings more"), string.Concat(rest.Select(found => found.Mark)))]);
    }

    private static GuardFinding Of(GuardKind kind, string path, string content) =>
        new(kind, path.Length > 500 ? $"…{path[^500..]}" : path, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\0{path}\0{content}")))[..16]);
}
