using System.Collections.Immutable;
using Ampx.Chaos.Machines;
using Ampx.Chaos.Work;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Repositories;
using Repository = Ampx.FakeGitHub.Repositories.Repository;

namespace Ampx.Chaos.Checks;

/// <summary>One commit of a task's branch. <paramref name="Text"/> is the agent's file as it was then.</summary>
internal sealed record BranchCommit(string Sha, string? RunId, string? TaskId, string Text);

/// <summary>What is at GitHub: commits, pull requests, refs.</summary>
internal sealed class Branches(Theatre theatre)
{
    /// <summary>The commits that the task's branch has over main, oldest first.</summary>
    public async Task<ImmutableArray<BranchCommit>> Commits(TaskView task)
    {
        var repository = Of(task);
        var (mark, _) = Order.Read(task.Prompt);
        if (await repository.Git.Branch(task.Branch) is null) return [];
        var lines = await repository.Git.Run("log", "--reverse", "--format=%H|%(trailers:key=Ampx-Run,valueonly,separator=%x2C)|%(trailers:key=Ampx-Task,valueonly,separator=%x2C)", $"main..refs/heads/{task.Branch}");
        var commits = new List<BranchCommit>();
        foreach (var parts in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|')))
        {
            var text = await repository.Git.Try("show", $"{parts[0]}:work/{mark}.txt");
            commits.Add(new(parts[0], Given(parts[1]), Given(parts[2]), text.StandardOutput.Trim()));
        }

        return [.. commits];
    }

    public async Task<IReadOnlyList<string>> Look(TaskView task, string mark, Plan plan, ImmutableArray<BranchCommit> commits)
    {
        var wrong = new List<string>();
        var repository = Of(task);
        var expected = Enumerable.Range(1, plan.Attempts).Select(attempt => $"{mark} attempt {attempt} {Word(plan, attempt)}").Where(text => !text.EndsWith("fail", StringComparison.Ordinal)).TakeLast(plan.Commits);
        if (!commits.Select(commit => commit.Text).SequenceEqual(expected)) wrong.Add($"the branch has {commits.Length} commits: {string.Join(", ", commits.Select(commit => $"{commit.Sha[..8]} '{commit.Text}'"))}");
        if (commits.Select(commit => commit.RunId).Distinct().Count() != commits.Length) wrong.Add("two commits carry one run's trailer, or none");
        if (commits.Any(commit => commit.TaskId != task.Id)) wrong.Add("a commit carries another task's trailer, or none");
        if (commits.Length > 0 && commits[^1].Sha != task.HeadSha) wrong.Add($"the branch is at {commits[^1].Sha[..8]}, the task at {task.HeadSha}");

        var pulls = repository.Pulls.Where(pull => pull.Head == task.Branch).ToList();
        if (pulls.Count != (plan.Pull is null ? 0 : 1)) wrong.Add($"there are {pulls.Count} pull requests: {string.Join(", ", pulls.Select(pull => $"#{pull.Number}"))}");
        else if (pulls is [var only] && (task.PullRequest?.Number != only.Number || task.PullRequest.State != plan.Pull || only.Draft != plan.Pull is PullRequestState.Draft || only.State != "open"))
            wrong.Add($"pull request #{only.Number} is {only.State}{(only.Draft ? " (draft)" : "")}; the task says {task.PullRequest}");
        if (task.Status is Status.Success && await repository.Git.Run("for-each-ref", "--format=%(refname)", "refs/ampx/") is var refs && refs.Contains(task.Id, StringComparison.OrdinalIgnoreCase))
            wrong.Add("its checkpoint is still there");
        return wrong;
    }

    /// <summary>Pushes that took a commit away again.</summary>
    public IEnumerable<string> LostPushes()
    {
        foreach (var branch in theatre.GitHub.Site.Pushes.Log.Where(push => push.Ref.StartsWith("refs/heads/", StringComparison.Ordinal)).GroupBy(push => (push.Repository, push.Ref)))
        {
            var git = theatre.GitHub.Site.Repositories[branch.Key.Repository].Git;
            foreach (var push in branch.Where(push => push.Old != BareGit.Zero))
                if (push.New == BareGit.Zero || git.Try("merge-base", "--is-ancestor", push.Old, push.New).GetAwaiter().GetResult().ExitCode != 0) yield return $"{branch.Key.Ref} lost {push.Old[..8]} to {push.New[..8]}";
        }
    }

    private static string Word(Plan plan, int attempt) => (plan.Name, attempt) switch
    {
        ("fail-green", 1) or ("fail", _) => "fail",
        ("red-green", 1) or ("red", _) => "red",
        _ => "green",
    };

    private static string? Given(string text) => text.Trim() is { Length: > 0 } given ? given : null;

    private Repository Of(TaskView task) => theatre.GitHub.Site.Repositories[task.Repo];
}
