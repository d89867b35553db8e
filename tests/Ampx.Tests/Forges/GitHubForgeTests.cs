using System.Net;
using System.Text;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Xunit;
using static Ampx.Tests.Forges.FakeGitHubApi;

namespace Ampx.Tests.Forges;

public sealed class GitHubForgeTests : IDisposable
{
    private const string RepoJson = """{"id":1,"full_name":"o/r","archived":false,"disabled":false,"permissions":{"admin":false,"push":true,"pull":true}}""";
    private const string Runs = "GET repos/o/r/actions/runs";
    private const string JobsOf = "GET repos/o/r/actions/runs/7000000000/jobs";
    private readonly FakeGitHubApi _github = new();

    public void Dispose() => _github.Dispose();

    // Remote.

    [Fact]
    public async Task A_repository_that_may_be_pushed_to_and_whose_CI_can_be_read_is_asked_once_in_a_while()
    {
        var forge = _github.Says("GET repos/o/r", RepoJson).HasRuns().Forge();

        var remote = await forge.Remote(_github.Repo, default);
        await forge.Remote(_github.Repo, default);

        Assert.Equal("https://ghe.acme.com/o/r.git", remote.Url);
        Assert.StartsWith("ghp_secret", remote.Token, StringComparison.Ordinal);
        Assert.Equal(2, _github.Seen.Count);
        _github.Time.Advance(TimeSpan.FromMinutes(6));
        await forge.Remote(_github.Repo, default);
        Assert.Equal(4, _github.Seen.Count);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, ErrorCodes.GitHubUnauthorized)]
    [InlineData(HttpStatusCode.Forbidden, ErrorCodes.GitHubForbidden)]
    [InlineData(HttpStatusCode.NotFound, ErrorCodes.GitHubNotFound)]
    [InlineData(HttpStatusCode.BadGateway, ErrorCodes.CiInfrastructure)]
    public async Task A_refusal_has_its_code(HttpStatusCode status, string code)
    {
        _github.Says("GET repos/o/r", status, "because");

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().Remote(_github.Repo, default));

        Assert.Equal(code, no.Code);
        Assert.Contains("because", no.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ghp_", no.ToString(), StringComparison.Ordinal);
        Assert.Equal(status is HttpStatusCode.BadGateway ? 4 : 1, _github.Seen.Count);
    }

    [Theory]
    [InlineData("\"archived\":false", "\"archived\":true", "archived")]
    [InlineData("\"disabled\":false", "\"disabled\":true", "disabled")]
    [InlineData("\"push\":true", "\"push\":false", "contents:write")]
    public async Task A_repository_that_takes_no_push_is_forbidden_in_plain_words(string was, string now, string word)
    {
        _github.Says("GET repos/o/r", RepoJson.Replace(was, now, StringComparison.Ordinal)).HasRuns();

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().Remote(_github.Repo, default));

        Assert.Equal(ErrorCodes.GitHubForbidden, no.Code);
        Assert.Contains(word, no.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credential_that_cannot_read_Actions_is_told_so()
    {
        _github.Says("GET repos/o/r", RepoJson).Says(Runs, HttpStatusCode.Forbidden, "Resource not accessible by personal access token");

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().Remote(_github.Repo, default));

        Assert.Equal(ErrorCodes.GitHubForbidden, no.Code);
        Assert.Contains("actions:read", no.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_up_rate_limit_passes_and_says_when()
    {
        var reset = FakeGitHubApi.Pushed.AddMinutes(30);
        _github.Says("GET repos/o/r", HttpStatusCode.Forbidden, "API rate limit exceeded for user ID 1.",
            ("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", $"{reset.ToUnixTimeSeconds()}"));

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().Remote(_github.Repo, default));

        Assert.Equal(ErrorCodes.CiInfrastructure, no.Code);
        Assert.Equal(reset, no.RetryAt);
        Assert.Contains("12:30:00 UTC", no.Message, StringComparison.Ordinal);
        Assert.Single(_github.Seen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_used_up_rate_limit_is_waited_out_as_long_as_GitHub_says_whatever_our_clock_says(int hours)
    {
        var theirs = _github.Time.GetUtcNow().AddHours(hours);
        _github.Says("GET repos/o/r", HttpStatusCode.Forbidden, "API rate limit exceeded for user ID 1.",
            ("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", $"{theirs.AddMinutes(30).ToUnixTimeSeconds()}"), ("Date", theirs.ToString("R")));

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().Remote(_github.Repo, default));

        Assert.Equal(_github.Time.GetUtcNow().AddMinutes(30), no.RetryAt);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    public async Task A_secondary_limit_is_obeyed(HttpStatusCode status)
    {
        _github.Says("GET repos/o/r", status, "You have exceeded a secondary rate limit.", ("Retry-After", "90"));

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().Remote(_github.Repo, default));

        Assert.Equal(_github.Time.GetUtcNow().AddSeconds(90), no.RetryAt);
        Assert.Equal(ErrorCodes.CiInfrastructure, no.Code);
    }

    // CI.

    [Fact]
    public async Task CI_is_shown_when_it_begins_and_passes_when_all_is_green()
    {
        _github.HasRuns("ci push in_progress").HasRuns("ci push success", "lint push skipped");
        var forge = _github.Forge();

        var started = Assert.IsType<CiStarted>((await forge.ReadCi(_github.Repo, _github.Task, default)).News);
        var passed = Assert.IsType<CiPassed>((await forge.ReadCi(_github.Repo, _github.Task with { CiRunId = started.RunId }, default)).News);

        Assert.Equal(7_000_000_000, started.RunId);
        Assert.Equal(["success", "skipped"], passed.Report.Runs.Select(run => run.Conclusion));
        Assert.All(_github.Seen, seen => Assert.Contains($"head_sha={Sha}", seen.Call, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_page_of_the_listing_counts()
    {
        _github.HasRuns("ci push success");
        var page = (await AnswerOf(_github)).Replace("\"total_count\":1", "\"total_count\":2", StringComparison.Ordinal);
        using var paged = new FakeGitHubApi();
        paged.Says(Runs, page).Says(Runs, page.Replace("7000000000", "7000000009", StringComparison.Ordinal)
            .Replace("\"workflow_id\":2", "\"workflow_id\":3", StringComparison.Ordinal).Replace("completed", "in_progress", StringComparison.Ordinal).Replace("\"success\"", "null", StringComparison.Ordinal));

        var started = Assert.IsType<CiStarted>((await paged.Forge().ReadCi(paged.Repo, paged.Task, default)).News);
        Assert.Equal(7_000_000_009, started.RunId);
        Assert.Contains("page=2", paged.Seen[1].Call, StringComparison.Ordinal);

        static async Task<string> AnswerOf(FakeGitHubApi api)
        {
            using var invoker = new HttpMessageInvoker(api, disposeHandler: false);
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://ghe.acme.com/api/v3/repos/o/r/actions/runs");
            using var answer = await invoker.SendAsync(request, default);
            return await answer.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task A_failed_test_is_red_and_names_job_and_step()
    {
        _github.HasRuns("ci push failure").Says(JobsOf, Jobs("test (20)"));

        var red = Assert.IsType<CiFailed>((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);

        var job = Assert.Single(Assert.Single(red.Report.Runs).Jobs);
        Assert.Equal(("test (20)", "failure", "Run npm test"), (job.Name, job.Conclusion, job.FailedStep));
    }

    [Fact]
    public async Task CIs_own_fault_is_run_again_once()
    {
        _github.HasRuns("ci push failure").Says(JobsOf, Jobs("test", step: "Set up job")).Says("POST repos/o/r/actions/runs/7000000000/rerun-failed-jobs", "{}", HttpStatusCode.Created);
        var forge = _github.Forge();

        Assert.Null((await forge.ReadCi(_github.Repo, _github.Task, default)).News);
        Assert.Null((await forge.ReadCi(_github.Repo, _github.Task, default)).News);

        Assert.Equal(1, _github.Calls("POST"));
    }

    [Fact]
    public async Task A_rerun_whose_answer_was_lost_is_not_made_twice_though_GitHub_still_shows_the_old_attempt()
    {
        const string again = "POST repos/o/r/actions/runs/7000000000/rerun-failed-jobs";
        _github.HasRuns("ci push failure").Says(JobsOf, Jobs("test", step: "Set up job"))
            .Says(again, () => throw new HttpRequestException("the connection was cut")).Says(again, HttpStatusCode.Forbidden, "This workflow is already running");

        Assert.Null((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);
        // Another process after a crash knows nothing of it, and asks.
        Assert.Null((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);

        Assert.Equal(3, _github.Calls("POST"));
    }

    [Fact]
    public async Task What_others_changed_at_the_base_meanwhile_is_not_the_tasks_change()
    {
        const string folder = "GET repos/o/r/contents/.github/workflows";
        var (fork, theirs) = (new string('f', 40), new string('b', 40));
        static string Listing(string blob) => $$"""[{"type":"file","path":".github/workflows/ci.yml","name":"ci.yml","sha":"{{blob}}"}]""";
        _github.HasRuns("ci push startup_failure").Says($"{folder}?ref={Sha}", Listing("1")).Says($"{folder}?ref={theirs}", Listing("2")).Says($"{folder}?ref={fork}", Listing("1"))
            .Says($"GET repos/o/r/compare/{theirs}...{Sha}", $$"""{"status":"diverged","merge_base_commit":{"sha":"{{fork}}"},"commits":[],"files":[]}""")
            .Says("POST repos/o/r/actions/runs/7000000000/rerun", "{}", HttpStatusCode.Created);

        Assert.Null((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);
        Assert.Equal(1, _github.Calls("POST"));
    }

    [Fact]
    public async Task CIs_own_fault_stops_the_task_where_the_credential_may_not_rerun()
    {
        _github.HasRuns("ci push failure").Says(JobsOf, Jobs("test", step: "Set up job"))
            .Says("POST repos/o/r/actions/runs/7000000000/rerun-failed-jobs", HttpStatusCode.Forbidden, "Resource not accessible by integration");

        var blocked = Assert.IsType<CiBlocked>((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);

        Assert.Equal(ErrorCodes.CiInfrastructure, blocked.Code);
    }

    [Fact]
    public async Task A_commit_without_workflows_ends_at_once_and_one_that_GitHub_does_not_know_yet_waits()
    {
        _github.HasRuns();
        Assert.Null((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);

        _github.Says("GET repos/o/r/contents/", """[{"type":"file","path":"README.md","name":"README.md","sha":"1"}]""");
        var blocked = Assert.IsType<CiBlocked>((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);

        Assert.Equal(ErrorCodes.CiNotStarted, blocked.Code);
    }

    [Fact]
    public async Task A_broken_workflow_file_is_the_tasks_fault_only_if_it_changed_one()
    {
        const string folder = "GET repos/o/r/contents/.github/workflows";
        static string Listing(string blob) => $$"""[{"type":"file","path":".github/workflows/ci.yml","name":"ci.yml","sha":"{{blob}}"}]""";
        _github.HasRuns("ci push startup_failure").Says($"{folder}?ref={Sha}", Listing("1")).Says($"{folder}?ref={new string('b', 40)}", Listing("1"))
            .Says("POST repos/o/r/actions/runs/7000000000/rerun", "{}", HttpStatusCode.Created);
        Assert.Null((await _github.Forge().ReadCi(_github.Repo, _github.Task, default)).News);

        using var changed = new FakeGitHubApi();
        changed.HasRuns("ci push startup_failure").Says($"{folder}?ref={Sha}", Listing("2")).Says($"{folder}?ref={new string('b', 40)}", Listing("1"));
        Assert.IsType<CiFailed>((await changed.Forge().ReadCi(changed.Repo, changed.Task, default)).News);

        var feedback = await changed.Forge().CollectFeedback(changed.Repo, changed.Task, default);
        Assert.Contains("check that .github/workflows/ci.yml is a valid workflow file", feedback.Text, StringComparison.Ordinal);
    }

    // Feedback.

    [Fact]
    public async Task Feedback_has_the_failing_assertion_and_the_token_stays_at_home()
    {
        const string storage = "https://logs.example.net/1?sig=x";
        _github.HasRuns("ci push failure").Says(JobsOf, Jobs("test"))
            .Says("GET repos/o/r/actions/jobs/9000000001/logs", HttpStatusCode.NotFound)
            .Says("GET repos/o/r/actions/jobs/9000000001/logs", "", HttpStatusCode.Found, ("Location", storage))
            .Says($"GET {storage}", () => new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent("2026-01-01T12:00:02.1Z ##[group]Run npm test\n2026-01-01T12:00:02.1Z ##[endgroup]\n2026-01-01T12:00:03.1Z Error: expected 3 to equal 4\n2026-01-01T12:00:03.2Z ##[error]Process completed with exit code 1.\n", Encoding.UTF8),
            });

        var feedback = await _github.Forge().CollectFeedback(_github.Repo, _github.Task, default);

        Assert.Contains("expected 3 to equal 4", feedback.Text, StringComparison.Ordinal);
        Assert.Contains("## `ci / test`\nFailed step: `Run npm test`\nIts command: `npm test`", feedback.Text, StringComparison.Ordinal);
        Assert.Equal("test: expected 3 to equal 4", feedback.Cause);
        Assert.Null(_github.Seen.Single(seen => seen.Call.Contains("logs.example.net", StringComparison.Ordinal)).Authorization);
        Assert.All(_github.Seen.Where(seen => seen.Call.StartsWith("GET repos", StringComparison.Ordinal)), seen => Assert.NotNull(seen.Authorization));
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound, "404")]
    [InlineData(HttpStatusCode.Gone, "410")]
    public async Task A_log_that_never_comes_is_said(HttpStatusCode status, string word)
    {
        _github.HasRuns("ci push failure").Says(JobsOf, Jobs("test")).Says("GET repos/o/r/actions/jobs/9000000001/logs", status);

        var feedback = await _github.Forge().CollectFeedback(_github.Repo, _github.Task, default);

        Assert.Contains(word, feedback.Text, StringComparison.Ordinal);
        Assert.Equal("ci / test failed in step 'Run npm test'", feedback.Cause);
        Assert.Equal(5, _github.Calls("GET repos/o/r/actions/jobs/"));
    }

    [Fact]
    public void Branches_are_compared_on_the_web() => Assert.Equal("https://ghe.acme.com/o/r/compare/main...amp/mend%23add", _github.Forge().CompareUrl(_github.Repo, "main", "amp/mend#add"));
}
