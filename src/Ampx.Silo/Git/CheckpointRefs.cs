namespace Ampx.Silo.Git;

/// <summary>The ref of a task's own at the remote, <c>refs/ampx/ID</c>. Nobody but the task's runs has business there, so each push is under a lease on what
/// the last one left, and what an unheard or late one left instead is replaced once the caller knows that the task is still his.</summary>
public sealed class CheckpointRefs(Mirrors mirrors, Pushes pushes, GitRunner git)
{
    private const int Tries = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Safe to repeat.</summary>
    /// <param name="sha">A commit in the mirror.</param>
    /// <param name="last">What was left there last, as far as is known; null = nothing.</param>
    /// <param name="stillMine">Asked before anything unexpected is replaced.</param>
    public Task<PushOutcome> Save(
        GitRemote remote, string taskId, string sha, string? last, Func<Task<bool>> stillMine, TimeSpan? limit = null, CancellationToken cancel = default) =>
        Move(remote, taskId, RefName.Sha(sha), last, stillMine, limit ?? Limit, cancel);

    /// <summary>Removes it; a success also if there was nothing. Safe to repeat.</summary>
    /// <inheritdoc cref="Save"/>
    public Task<PushOutcome> Remove(GitRemote remote, string taskId, string? last, Func<Task<bool>> stillMine, CancellationToken cancel = default) =>
        Move(remote, taskId, null, last, stillMine, Limit, cancel);

    private async Task<PushOutcome> Move(
        GitRemote remote, string taskId, string? sha, string? known, Func<Task<bool>> stillMine, TimeSpan limit, CancellationToken cancel)
    {
        var reference = RefName.OfTask(taskId);
        try
        {
            for (var tries = 1; ; tries++)
            {
                var command = new GitCommand(
                    "push", "--porcelain", "--no-verify", "--no-recurse-submodules", $"--force-with-lease={reference}:{known}", "--", remote.Checked().Address, $"{sha}:{reference}")
                {
                    GitDir = mirrors.PathOf(remote),
                    Remote = remote,
                    TimeLimit = limit,
                };
                var answer = await pushes.Send(command, cancel);
                var gone = sha is null && answer.Errors.Contains("remote ref does not exist", StringComparison.Ordinal);
                if (gone) return new PushOutcome.AlreadyThere();
                if (PushAnswer.Of(answer, reference) is { } outcome) return outcome;

                known = await Tip(remote, reference, cancel);
                if (known == sha) return new PushOutcome.AlreadyThere();
                if (!await stillMine()) return new PushOutcome.Moved(known);
                if (tries == Tries) return new PushOutcome.Failed(GitRunner.LastLines(answer.Errors));
            }
        }
        catch (GitException trouble)
        {
            return new PushOutcome.Failed(trouble.Message);
        }
        catch (RemoteException trouble)
        {
            return trouble.Passing ? new PushOutcome.Failed(trouble.Message) : new PushOutcome.Refused(trouble.Message, ForContent: false);
        }
    }

    private async Task<string?> Tip(GitRemote remote, string reference, CancellationToken cancel)
    {
        var found = await git.Run(new GitCommand("ls-remote", "--", remote.Address, reference) { Remote = remote }, cancel);
        return found.Lines.Select(line => line.Split('\t')).FirstOrDefault(line => line.Length == 2 && line[1] == reference)?[0];
    }
}
