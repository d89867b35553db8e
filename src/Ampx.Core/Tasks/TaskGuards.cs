using static Ampx.Core.Tasks.Phase;

namespace Ampx.Core.Tasks;

// Guards: a green commit with findings that nobody has taken yet waits for a person.
public static partial class TaskMachine
{
    /// <summary>Why green is no success yet; null if it is one. What a person has merged, a person has taken.</summary>
    private static TaskError? HeldFor(TaskState task)
    {
        var unseen = task.Guarded.Where(found => !task.Overruled.Contains(found.Mark)).ToList();
        return unseen.Count == 0 || task.PullRequest is { State: PullRequestState.Merged }
            ? null
            : new(ErrorCodes.ProtectedChange, $"CI is green, but a person has to look at {GuardWords.Brief(unseen)}\n'ampx diff' shows the change; 'ampx continue' without -m, or 'ampx merge --force', takes it as it is");
    }

    /// <summary>The forge would merge what a person hasn't seen: an armed auto-merge is taken back.</summary>
    private static TaskState Hold(TaskState task, TaskError cause, Moment now)
    {
        var held = Review(Close(task, cause.Code, now), cause, now);
        return held is { Phase: Done, PullRequest.AutoMerge: true } ? Enter(held, Merging, now) with { Merge = new(Disarm: true) } : held;
    }

    /// <summary>Ended by a guard, on exactly the commit that is green.</summary>
    private static bool IsHeld(TaskState task) =>
        task is { Phase: Done, Status: Status.NeedsReview, Error.Code: ErrorCodes.ProtectedChange, HeadSha: { } sha, Attempt.Ci: not null, PullRequest: not { State: PullRequestState.Merged } }
        && sha == task.GreenSha;

    /// <summary>A plain git repository needs no pull request to be merged.</summary>
    private static bool MayForce(TaskState task) => IsHeld(task) && task is { Forge: ForgeKind.Git } or { PullRequest: not null };

    /// <summary>A person takes what was found so far; anything found later holds again.</summary>
    private static TaskState Overrule(TaskState task) => task with { Overruled = [.. task.Guarded.Select(found => found.Mark)] };

    /// <summary>A person takes the change as it is: it goes on as green, without another run.</summary>
    private static TaskState Accept(TaskState task, Moment now) => Green(Open(Overrule(task)) with { Error = null, FinishedAt = null }, task.Attempt!.Ci!, now);

    /// <summary>The person who forces the merge has taken the change, once it is merged.</summary>
    private static TaskState Forced(TaskState task) =>
        task is { Merge.Force: true, Status: Status.NeedsReview } ? Overrule(task) with { Status = Status.Success, Error = null } : task;

    /// <summary>The branch is at a green commit in which a person has taken all that was found.</summary>
    private static bool IsTaken(TaskState task) =>
        task is { HeadSha: { } sha, Guarded.IsEmpty: false } && sha == task.GreenSha && sha == task.RemoteSha && HeldFor(task) is null;
}
