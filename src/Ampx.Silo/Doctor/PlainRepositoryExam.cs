using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.Local;
using Ampx.Silo.Git;

namespace Ampx.Silo.Doctor;

/// <summary>A plain git repository, on this machine or on another host: a task can start from it and push to it, and it has a CI command.</summary>
internal sealed partial class PlainRepositoryExam(GitRunner git, LocalRepositories local) : IExam
{
    private const int WritePermission = 2;

    /// <summary>What a push adds to.</summary>
    private static readonly string[] Written = ["objects", "refs"];

    public string Name => "repository";

    public IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, CancellationToken cancel) =>
        repo is not { Kind: ForgeKind.Git } ? AsyncEnumerable.Empty<DoctorCheck>()
        : new GitRemote(repo.Url).LocalPath is { } path ? OnThisMachine(path, cancel)
        : OnAnotherHost(repo, cancel);

    private async IAsyncEnumerable<DoctorCheck> OnThisMachine(string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (await local.Problem(path, null, cancel) is { } problem)
        {
            yield return DoctorCheck.Bad(Name, problem.Message, Remedy(problem.Code));
            yield break;
        }

        var branch = (await git.Run(new GitCommand("symbolic-ref", "--short", "--quiet", "HEAD") { Folder = path }, cancel)).Value;
        yield return DoctorCheck.Fine(Name, $"{path}, default branch {branch}");
        yield return await MayPush(path, cancel);
        var yaml = await local.ReadFile(path, null, AmpxYaml.FileName, cancel);
        yield return AmpxYaml.Ci(yaml) is { } command
            ? DoctorCheck.Fine("ci-command", $"'{command}', from {AmpxYaml.FileName} on {branch}")
            : DoctorCheck.Warning("ci-command", $"no command under 'ci:' in {AmpxYaml.FileName} on {branch}: tasks without --ci are refused", $"Commit a line such as 'ci: make test' in {AmpxYaml.FileName} there, or give each task --ci.");
    }

    private async IAsyncEnumerable<DoctorCheck> OnAnotherHost(RepoRef repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        var answer = await git.Try(new GitCommand("ls-remote", "--symref", "--", repo.Url, "HEAD") { Remote = new GitRemote(repo.Url), TimeLimit = TimeSpan.FromSeconds(8) }, cancel);
        if (!answer.Ok)
        {
            yield return DoctorCheck.Bad(
                Name, $"git can't read {repo.Url}: {GitRunner.LastLines(answer.Errors, 2).ReplaceLineEndings(" ")}",
                $"As the service's user, without a terminal, 'git ls-remote {repo.Url}' must work: check the address, the ssh key or git's credential helper.");
            yield break;
        }

        var head = answer.Lines.FirstOrDefault(line => line.StartsWith("ref: refs/heads/", StringComparison.Ordinal))?["ref: refs/heads/".Length..].Split('\t')[0];
        yield return DoctorCheck.Fine(Name, $"{repo.Url}, default branch {head ?? "not told"}");
        yield return DoctorCheck.Warning("repository-write", "whether it may be pushed to can't be known before the first push");
        yield return DoctorCheck.Warning("ci-command", $"what {AmpxYaml.FileName} says is read when a task starts; without 'ci:' in it tasks need --ci");
    }

    private async Task<DoctorCheck> MayPush(string path, CancellationToken cancel)
    {
        var store = (await git.Run(new GitCommand("rev-parse", "--path-format=absolute", "--git-common-dir") { Folder = path }, cancel)).Value;
        string[] closed = [.. Written.Select(part => Path.Combine(store, part)).Where(part => Access(part, WritePermission) != 0)];
        return closed.Length == 0
            ? DoctorCheck.Fine("repository-write", "the service's user may push to it")
            : DoctorCheck.Bad("repository-write", $"the service's user ({Environment.UserName}) can't write {string.Join(" and ", closed)}", "Give that user write permission there: the task's branch is pushed to it.");
    }

    private static string Remedy(string code) => code switch
    {
        ErrorCodes.EmptyRepo => "Commit something to it first.",
        ErrorCodes.BranchNotFound => "Give tasks a branch to start from (--base), or point HEAD to one that is there.",
        _ => "Give the path of a git repository on the service's machine.",
    };

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);
}
