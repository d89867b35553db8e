using Polly;

namespace Ampx.Silo.Git;

/// <summary>Pushes task branches out of the mirrors, each under a lease on what the branch was.</summary>
public sealed class Pushes(Mirrors mirrors, GitRunner git, TimeProvider time)
{
    private readonly ResiliencePipeline retries = NetworkTrouble.Retries(time);

    /// <summary>Safe to repeat.</summary>
    /// <param name="sha">A commit in the mirror.</param>
    /// <param name="leaseSha">What the branch must be at the remote; null = it must not exist.</param>
    public async Task<PushOutcome> Push(GitRemote remote, string branch, string sha, string? leaseSha, string taskId, CancellationToken cancel = default)
    {
        var reference = RefName.Branch(branch);
        RefName.Sha(sha);
        if (leaseSha is not null) RefName.Sha(leaseSha);
        try
        {
            remote.Checked();
            if (!await mirrors.Has(remote, sha, cancel))
            {
                var mirror = await mirrors.Fetch(remote, cancel);
                if (mirror.Heads.GetValueOrDefault(branch) == sha) return new PushOutcome.AlreadyThere();
                if (!await mirrors.Has(remote, sha, cancel)) return new PushOutcome.Lost();
            }

            var command = new GitCommand(
                "push", "--porcelain", "--no-verify", "--no-recurse-submodules", $"--force-with-lease={reference}:{leaseSha}", "--", remote.Address, $"{sha}:{reference}")
            {
                GitDir = mirrors.PathOf(remote),
                Remote = remote,
                TimeLimit = TimeSpan.FromMinutes(10),
            };
            var answer = await Send(command, cancel);
            return PushAnswer.Of(answer, reference) ?? await WhoMoved(remote, branch, sha, leaseSha, taskId, GitRunner.LastLines(answer.Errors), cancel);
        }
        catch (GitException trouble)
        {
            return new PushOutcome.Failed(trouble.Errors);
        }
        catch (RemoteException trouble)
        {
            return trouble.Passing ? new PushOutcome.Failed(trouble.Message) : new PushOutcome.Refused(trouble.Message, ForContent: false);
        }
    }

    /// <summary>Deletes a branch that is still at this commit. False if it isn't, or the remote won't.</summary>
    public async Task<bool> Delete(GitRemote remote, string branch, string sha, CancellationToken cancel = default)
    {
        var reference = RefName.Branch(branch);
        var command = new GitCommand("push", "--porcelain", "--no-verify", $"--force-with-lease={reference}:{RefName.Sha(sha)}", "--", remote.Checked().Address, ":" + reference)
        {
            GitDir = mirrors.PathOf(remote),
            Remote = remote,
        };
        return (await git.Try(command, cancel)).Ok;
    }

    /// <summary>A push, with short retries; its answer is for the caller to judge.</summary>
    /// <exception cref="GitException">The network is down, or time is up.</exception>
    internal async Task<GitResult> Send(GitCommand push, CancellationToken cancel) =>
        await retries.ExecuteAsync(async token => await Once(push, token), cancel);

    /// <summary>A broken connection throws, for the retries; every answer of the server's is an answer.</summary>
    private async Task<GitResult> Once(GitCommand command, CancellationToken cancel)
    {
        var result = await git.Try(command, cancel);
        return !result.Ok && NetworkTrouble.IsIn(result.Errors) && !result.Output.Contains("!\t", StringComparison.Ordinal)
            ? throw GitRunner.Failure(command, result.ExitCode, result.Errors)
            : result;
    }

    private async Task<PushOutcome> WhoMoved(GitRemote remote, string branch, string sha, string? leaseSha, string taskId, string words, CancellationToken cancel)
    {
        var mirror = await mirrors.Fetch(remote, cancel);
        var tip = mirror.Heads.GetValueOrDefault(branch);
        if (tip == sha) return new PushOutcome.AlreadyThere();
        if (tip == leaseSha) return new PushOutcome.Failed(words); // two pushes at once; the next one finds out
        if (tip is null) return new PushOutcome.Moved(null);
        var tasks = await mirrors.Repository(remote).Trailers(tip, CommitMessage.Task, cancel);
        return tasks.Contains(taskId) ? new PushOutcome.AdoptOwn(tip) : new PushOutcome.Moved(tip);
    }
}
