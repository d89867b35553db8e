using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Workflows;
using Xunit;
using static Ampx.Tests.EndToEnd.VerdictStage;

namespace Ampx.Tests.EndToEnd;

/// <summary>Every kind of verdict, from the push to the task's end: the real service, GitHub's stand-in, CI that says what the case needs.</summary>
public sealed class VerdictTests(VerdictTests.AllAtOnce stage) : IClassFixture<VerdictTests.AllAtOnce>
{
    private static readonly RunSpec Success = Run("success");

    /// <summary>All tasks of the class, begun before its first test: they mostly wait.</summary>
    public sealed class AllAtOnce : IAsyncLifetime
    {
        public VerdictStage On { get; } = new();

        public async ValueTask InitializeAsync()
        {
            await On.InitializeAsync();
            On.GitHub.Site.Faults.Add(new Fault { Method = "POST", Path = "*/acme/no-rerun/actions/runs/*", Times = null, Status = 403, Body = """{"message":"Resource not accessible by integration"}""" });
            await On.Begin("late-second", OnPush, [[Success], [Success]]);
            var late = AddLate();
            await Task.WhenAll(
                On.Begin("green", OnPush, [[Success]]),
                On.Begin("red-green", OnPush, [[Run("failure", new JobSpec { Log = "expected 42 but was 41" })], [Success]]),
                On.Begin("own-fault", OnPush, [[Run("failure", Lost, reruns: Success)]]),
                On.Begin("own-fault-twice", OnPush, [[Run("failure", Lost, reruns: Run("failure", Lost))]]),
                On.Begin("no-rerun", OnPush, [[Run("failure", Lost)]]));
            await Task.WhenAll(
                On.Begin("broke-workflow", OnPush, [[Run("startup_failure")], [Success]], "Change CI\n\nsh: echo 'on: [' > .github/workflows/ci.yml"),
                On.Begin("cannot-start", OnPush, [[Run("startup_failure", reruns: Run("startup_failure"))]]),
                On.Begin("cancelled", OnPush, [[Run("cancelled", new JobSpec { Annotations = ["The run was canceled by @octocat."] })]]),
                On.Begin("excused", "name: CI\non: [push, pull_request]\njobs: {}\n", [[Run("cancelled"), Run("success", kind: "pull_request")]]),
                On.Begin("stale", OnPush, [[Run("stale")]]),
                On.Begin("unapproved", OnPullRequest, [[Run("action_required", kind: "pull_request")]]),
                On.Begin("too-long", OnPush, [[Run("cancelled", new JobSpec { Annotations = ["The job has exceeded the maximum execution time of 15m0s"], Log = "waiting for the answer" })], [Success]]));
            await Task.WhenAll(
                On.Begin("skipped", OnPush, [[Run("skipped")]]),
                On.Begin("never-starts", OnPush, [[]]),
                On.Begin("no-workflow", null, []),
                On.Begin("never-ends", OnPush, [[new RunSpec { Status = "in_progress" }]]),
                On.Begin("pull-request-only", OnPullRequest, [[Run("success", kind: "pull_request")]]),
                On.Begin("draft-skipped", OnPullRequest, [[Run("skipped", kind: "pull_request"), Run("success", kind: "pull_request", action: "ready_for_review")]]),
                On.Begin("always-skipped", OnPullRequest, [[Run("skipped", kind: "pull_request")]]));
            await late;
        }

        public ValueTask DisposeAsync() => On.DisposeAsync();

        /// <summary>The first workflow is green already when the second appears.</summary>
        private async Task AddLate()
        {
            var waiting = await On.Stage.Until(On.Task("late-second"), task => task.CiRunId is not null);
            On.GitHub.Site.Actions.Add(On.GitHub.Site.Repositories["acme/late-second"], waiting.HeadSha!, waiting.Branch,
                new RunSpec { Name = "Lint", Path = ".github/workflows/lint.yml", Conclusion = "failure", Jobs = [new JobSpec { Log = "x is never used" }] });
        }
    }

    [Fact]
    public async Task Green_is_success() => Assert.Equal((Status.Success, 1, PullRequestState.Open), What(await stage.On.Ended("green")));

    [Fact]
    public async Task Red_goes_back_to_the_agent_and_then_green_is_success()
    {
        var task = await stage.On.Ended("red-green");
        Assert.Equal((Status.Success, 2, PullRequestState.Open), What(task));
        Assert.Contains("expected 42 but was 41", (await Attempts(task))[1].Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_runner_is_run_again_without_an_attempt()
    {
        Assert.Equal((Status.Success, 1, PullRequestState.Open), What(await stage.On.Ended("own-fault")));
        Assert.Equal((1, 2), (stage.On.Reruns("own-fault"), stage.On.Runs("own-fault").Single().RunAttempt));
    }

    [Fact]
    public async Task A_runner_lost_twice_calls_a_person()
    {
        Assert.Equal((1, ErrorCodes.CiInfrastructure), Stopped(await stage.On.Ended("own-fault-twice"), "also when run again"));
        Assert.Equal(1, stage.On.Reruns("own-fault-twice"));
    }

    [Fact]
    public async Task A_lost_runner_that_may_not_be_run_again_calls_a_person_and_says_why() =>
        Assert.Equal((1, ErrorCodes.CiInfrastructure), Stopped(await stage.On.Ended("no-rerun"), "Resource not accessible by integration"));

    [Fact]
    public async Task A_workflow_that_the_task_broke_is_red()
    {
        var attempts = await Attempts(await stage.On.Ended("broke-workflow"));
        Assert.Equal(["red", "green"], attempts.Select(attempt => attempt.Ci?.Verdict));
        Assert.Contains("check that .github/workflows/ci.yml is a valid workflow file", attempts[1].Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_that_cannot_start_otherwise_is_run_again_and_then_calls_a_person()
    {
        Assert.Equal((1, ErrorCodes.CiInfrastructure), Stopped(await stage.On.Ended("cannot-start"), "also when run again"));
        Assert.Equal(1, stage.On.Reruns("cannot-start"));
    }

    [Fact]
    public async Task A_cancelled_run_calls_a_person() => Assert.Equal((1, ErrorCodes.CiCancelled), Stopped(await stage.On.Ended("cancelled"), "canceled by @octocat"));

    [Fact]
    public async Task A_cancelled_run_is_excused_by_a_green_one_of_the_same_workflow()
    {
        var task = await stage.On.Ended("excused");
        Assert.Equal((Status.Success, 1, PullRequestState.Open), What(task));
        Assert.Equal(stage.On.Runs("excused").Single(run => run.Conclusion == "success").Id, task.CiRunId);
    }

    [Fact]
    public async Task A_stale_run_calls_a_person() => Assert.Equal((1, ErrorCodes.CiCancelled), Stopped(await stage.On.Ended("stale"), "CI"));

    [Fact]
    public async Task A_missing_approval_calls_a_person() => Assert.Equal((1, ErrorCodes.CiActionRequired), Stopped(await stage.On.Ended("unapproved"), "approve"));

    [Fact]
    public async Task A_job_that_ran_too_long_is_red_though_GitHub_calls_it_cancelled()
    {
        var task = await stage.On.Ended("too-long");
        Assert.Equal((Status.Success, 2, PullRequestState.Open), What(task));
        Assert.Contains("waiting for the answer", (await Attempts(task))[1].Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_skipped_runs_call_a_person() => Assert.Equal((1, ErrorCodes.CiNotStarted), Stopped(await stage.On.Ended("skipped"), "skipped this commit"));

    [Fact]
    public async Task A_workflow_that_never_starts_calls_a_person() => Assert.Equal((1, ErrorCodes.CiNotStarted), Stopped(await stage.On.Ended("never-starts"), "no workflow started within 6 seconds"));

    [Fact]
    public async Task A_repository_without_workflows_calls_a_person_at_once() => Assert.Equal((1, ErrorCodes.CiNotStarted), Stopped(await stage.On.Ended("no-workflow"), "the commit has no workflow"));

    [Fact]
    public async Task A_run_that_never_ends_calls_a_person() => Assert.Equal((1, ErrorCodes.CiTimeout), Stopped(await stage.On.Ended("never-ends"), "still in_progress after 15 seconds"));

    [Fact]
    public async Task A_second_workflow_that_starts_late_and_fails_is_not_hidden_by_a_green_first()
    {
        var task = await stage.On.Ended("late-second");
        Assert.Equal((Status.Success, 2, PullRequestState.Open), What(task));
        Assert.Contains("x is never used", (await Attempts(task))[1].Feedback, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workflow_for_pull_requests_only_gets_its_draft_first()
    {
        var task = await stage.On.Ended("pull-request-only");
        Assert.Equal((Status.Success, 1, PullRequestState.Open), What(task));
        Assert.Equal(2, (await Timeline(task)).Count(entry => entry.Cause == "pull_request_opened"));
    }

    [Fact]
    public async Task A_workflow_that_skips_drafts_judges_the_pull_request_once_it_is_ready()
    {
        var task = await stage.On.Ended("draft-skipped");
        Assert.Equal((Status.Success, 1, PullRequestState.Open), What(task));
        Assert.Equal(["skipped", "success"], stage.On.Runs("draft-skipped").Select(run => run.Conclusion));
        Assert.Contains(await Timeline(task), entry => entry.Detail?.StartsWith(ErrorCodes.CiNotStarted, StringComparison.Ordinal) is true);
    }

    [Fact]
    public async Task A_workflow_that_skips_the_ready_pull_request_too_calls_a_person()
    {
        var task = await stage.On.Ended("always-skipped");
        Assert.Equal((1, ErrorCodes.CiNotStarted), Stopped(task, "skipped this commit"));
        Assert.Equal(PullRequestState.Open, task.PullRequest?.State);
    }

    private static (Status, int, PullRequestState?) What(TaskView task) => (task.Status, task.Attempts, task.PullRequest?.State);

    private static (int Attempts, string? Code) Stopped(TaskView task, string detail)
    {
        Assert.Equal(Status.NeedsReview, task.Status);
        Assert.Contains(detail, task.Error?.Detail, StringComparison.Ordinal);
        return (task.Attempts, task.Error?.Code);
    }

    private async Task<IReadOnlyList<Attempt>> Attempts(TaskView task) => (await stage.On.Stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts;

    private async Task<IReadOnlyList<TimelineEntry>> Timeline(TaskView task) => (await stage.On.Stage.Get<Timeline>($"tasks/{task.Id}/timeline")).Entries;
}
