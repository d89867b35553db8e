using Octokit;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>The client that the product uses reads what the fake says.</summary>
public class OctokitTests
{
    [Fact]
    public async Task Octokit_reads_runs_jobs_and_pull_requests_and_merges()
    {
        await using var forge = await Forge.Start("[push, pull_request]");
        var octokit = new GitHubClient(new ProductHeaderValue("ampx-tests"), new Uri(forge.Server.WebUrl)) { Credentials = new(forge.Token) };
        var (sha, _) = await forge.Push("feature", "a.txt", "a");

        var repository = await octokit.Repository.Get("acme", "calc");
        Assert.True(repository.Permissions.Push && repository.Id > int.MaxValue);
        var draft = await octokit.PullRequest.Create("acme", "calc", new("A change", "feature", "main") { Draft = true });
        Assert.True(draft.Draft);
        foreach (var run in forge.Repository.Runs) await run.Completed.WaitAsync(TimeSpan.FromSeconds(30));

        var runs = await octokit.Actions.Workflows.Runs.List("acme", "calc", new WorkflowRunsRequest { HeadSha = sha });
        Assert.Equal(["pull_request success", "push success"], runs.WorkflowRuns.Select(run => $"{run.Event} {run.Conclusion}"));
        Assert.All(runs.WorkflowRuns, run => Assert.Equal(WorkflowRunStatus.Completed, run.Status.Value));
        var jobs = await octokit.Actions.Workflows.Jobs.List("acme", "calc", runs.WorkflowRuns[0].Id);
        Assert.Equal(4, Assert.Single(jobs.Jobs).Steps.Count);
        Assert.Contains("all is well", await octokit.Actions.Workflows.Jobs.GetLogs("acme", "calc", jobs.Jobs[0].Id), StringComparison.Ordinal);
        Assert.Empty(forge.Server.Site.Requests.Violations);

        await octokit.Connection.Post<object>(new Uri("/api/graphql", UriKind.Relative), new
        {
            query = $"mutation {{ markPullRequestReadyForReview(input: {{pullRequestId: \"{draft.NodeId}\"}}) {{ clientMutationId }} }}",
        }, "application/json", "application/json");
        await octokit.Issue.Comment.Create("acme", "calc", draft.Number, "Ready");
        await octokit.Issue.Labels.AddToIssue("acme", "calc", draft.Number, ["ampx"]);
        var listed = Assert.Single(await octokit.PullRequest.GetAllForRepository("acme", "calc", new PullRequestRequest { Head = "acme:feature" }));
        Assert.Equal((false, "ampx"), (listed.Draft, listed.Labels.Single().Name));

        var moved = await Assert.ThrowsAsync<PullRequestMismatchException>(
            () => octokit.PullRequest.Merge("acme", "calc", draft.Number, new() { Sha = new string('0', 40) }));
        Assert.Contains("Head branch was modified", moved.Message, StringComparison.Ordinal);
        Assert.True((await octokit.PullRequest.Merge("acme", "calc", draft.Number, new() { Sha = sha, MergeMethod = PullRequestMergeMethod.Squash })).Merged);
        await octokit.Git.Reference.Delete("acme", "calc", "heads/feature");
        Assert.Null(await forge.Repository.Git.Branch("feature"));
        Assert.Empty(forge.Server.Site.Errors);
    }
}
