using System.Text.Json.Nodes;
using Ampx.FakeGitHub.Workflows;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

public class WorkflowTests
{
    [Theory]
    [InlineData("echo fine", "success")]
    [InlineData("echo broken; exit 3", "failure")]
    public async Task A_pushed_workflow_really_runs(string test, string conclusion)
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", "test.sh", test);
        var run = await forge.EndedRun(sha);

        Assert.Equal(("completed", conclusion, "push", "feature"),
            ((string)run["status"]!, (string)run["conclusion"]!, (string)run["event"]!, (string)run["head_branch"]!));
        Assert.True((long)run["id"]! > int.MaxValue);
        var job = (await forge.Get($"actions/runs/{run["id"]}/jobs"))["jobs"]![0]!;
        Assert.Equal(["Set up job:success", "Run actions/checkout@v4:success", $"Run tests:{conclusion}", "Complete job:success"],
            job["steps"]!.AsArray().Select(step => $"{step!["name"]}:{step["conclusion"]}"));
        Assert.Empty(forge.Server.Site.Errors);
    }

    [Fact]
    public async Task A_log_lies_behind_a_redirect_to_another_host_that_wants_no_token()
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", "test.sh", "echo broken; exit 3");
        var run = await forge.EndedRun(sha);
        var job = (await forge.Get($"actions/runs/{run["id"]}/jobs"))["jobs"]![0]!;

        using var redirect = await forge.Client.GetAsync(new Uri($"actions/jobs/{job["id"]}/logs", UriKind.Relative));
        Assert.Equal(302, (int)redirect.StatusCode);
        Assert.Equal("localhost", redirect.Headers.Location!.Host);
        using var stranger = new HttpClient();
        var log = await stranger.GetStringAsync(redirect.Headers.Location);
        Assert.Matches(@"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z broken\n.*##\[error\]Process completed with exit code 3\.$", log);
        Assert.Contains("##[group]Run sh ./test.sh", log, StringComparison.Ordinal);
        Assert.Empty(forge.Server.Site.Requests.Violations);

        using var careless = await forge.Client.GetAsync(redirect.Headers.Location);
        Assert.Equal(400, (int)careless.StatusCode);
        Assert.Single(forge.Server.Site.Requests.Violations);
    }

    [Theory]
    [InlineData("push", "Say so [skip ci]", 0)]
    [InlineData("[push, pull_request]", "Change", 1)]
    [InlineData("pull_request", "Change", 0)]
    [InlineData("{push: {branches: [main]}}", "Change", 0)]
    [InlineData("{push: {branches: ['feat*']}, workflow_dispatch: }", "Change", 1)]
    [InlineData("{push: {branches-ignore: [main]}}", "Change", 1)]
    public async Task A_push_starts_the_workflows_that_ask_for_it(string on, string message, int runs)
    {
        await using var forge = await Forge.Start(on);
        var (sha, _) = await forge.Push("feature", "a.txt", "a", message);
        Assert.Equal(runs, forge.Repository.Runs.Count(run => run.HeadSha == sha));
    }

    [Fact]
    public async Task A_pull_request_starts_its_workflows_when_opened_and_when_pushed_to()
    {
        await using var forge = await Forge.Start("pull_request");
        var (first, _) = await forge.Push("feature", "a.txt", "a");
        await forge.OpenPull("feature", draft: true);
        var (second, _) = await forge.Push("feature", "a.txt", "b");

        Assert.Equal("pull_request", (string)(await forge.EndedRun(first))["event"]!);
        Assert.Equal("success", (string)(await forge.EndedRun(second))["conclusion"]!);
    }

    [Fact]
    public async Task Jobs_wait_for_what_they_need_and_are_skipped_when_it_fails()
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", ".github/workflows/ci.yml", """
            on: push
            env: { WORD: hello }
            jobs:
              after: { needs: [build], runs-on: x, steps: [{ run: echo never }] }
              always:
                needs: build
                if: always()
                runs-on: x
                steps:
                  - run: test "$WORD" = "${{ env.WORD }}"
              build:
                runs-on: x
                strategy: { matrix: { code: [0, 4] } }
                steps:
                  - run: exit ${{ matrix.code }}
                  - if: failure()
                    run: echo tidy
            """);
        var run = await forge.EndedRun(sha);
        var jobs = (await forge.Get($"actions/runs/{run["id"]}/jobs"))["jobs"]!.AsArray().ToDictionary(job => (string)job!["name"]!, job => (string)job!["conclusion"]!);

        Assert.Equal("failure", (string)run["conclusion"]!);
        Assert.Equal(new() { ["after"] = "skipped", ["always"] = "success", ["build (0)"] = "success", ["build (4)"] = "failure" }, jobs);
    }

    [Fact]
    public async Task A_file_that_is_no_workflow_is_a_startup_failure()
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", ".github/workflows/ci.yml", "on: push\njobs: {test: {steps: [{}]}}\n");
        Assert.Equal("startup_failure", (string)(await forge.EndedRun(sha))["conclusion"]!);
    }

    [Fact]
    public async Task Failed_jobs_run_again_in_a_second_attempt()
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", "test.sh", "test $GITHUB_RUN_ATTEMPT = 2");
        var run = await forge.EndedRun(sha);
        Assert.Equal("failure", (string)run["conclusion"]!);

        Assert.Equal(201, (await forge.Send(HttpMethod.Post, $"actions/runs/{run["id"]}/rerun-failed-jobs")).Status);
        run = await forge.EndedRun(sha);
        Assert.Equal((2, "success"), ((int)run["run_attempt"]!, (string)run["conclusion"]!));
        Assert.Equal(2, (int)(await forge.Get($"actions/runs/{run["id"]}/jobs?filter=all"))["total_count"]!);
        Assert.Equal(1, (int)(await forge.Get($"actions/runs/{run["id"]}/jobs"))["total_count"]!);
    }

    [Fact]
    public async Task A_scripted_run_says_what_the_test_wants_and_changes_when_told()
    {
        await using var forge = await Forge.Start();
        forge.Server.Site.Actions.Script(forge.Repository, new() { Branch = "amp/*", Runs = [new() { Name = "Slow", Status = "in_progress" }] });
        var (sha, _) = await forge.Push("amp/task", "test.sh", "exit 1");
        var run = Assert.Single(forge.Repository.Runs);
        Assert.Equal(("in_progress", sha), (run.Status, run.HeadSha));
        var job = Assert.Single(run.Jobs).Id;

        forge.Server.Site.Actions.Update(forge.Repository, run, new()
        {
            Conclusion = "failure",
            Jobs = [new() { Steps = [new("Set up job", "success"), new("make check", "failure")], Log = "it broke\n##[error]Process completed with exit code 2." }],
        });
        Assert.Equal("failure", (string)(await forge.EndedRun(sha))["conclusion"]!);
        using var log = await forge.Client.GetAsync(new Uri($"actions/jobs/{job}/logs", UriKind.Relative));
        Assert.Equal(302, (int)log.StatusCode);
    }

    [Fact]
    public async Task Hooks_are_told_with_a_signature()
    {
        await using var forge = await Forge.Start();
        forge.Server.Site.Webhooks.Add(new($"{forge.Server.WebUrl}nobody", "secret"));
        var (sha, _) = await forge.Push("feature", "a.txt", "a");
        await forge.EndedRun(sha);
        await Forge.Until(() => forge.Server.Site.Webhooks.Deliveries.Count == 7);
        Assert.Equal(
            ["push", "workflow_run requested", "check_run created", "workflow_run in_progress", "check_run completed", "check_suite completed", "workflow_run completed"],
            forge.Server.Site.Webhooks.Deliveries.Select(delivery => $"{delivery.Event} {JsonNode.Parse(delivery.Body)!["action"]}".Trim()));
    }

    [Fact]
    public async Task Running_jobs_end_with_the_server()
    {
        var forge = await Forge.Start();
        var file = Path.GetTempFileName();
        await forge.Push("feature", "test.sh", $"echo $$ > {file}; sleep 600");
        await Forge.Until(() => new FileInfo(file).Length > 0);
        await forge.DisposeAsync();

        var pid = (await File.ReadAllTextAsync(file)).Trim();
        await Forge.Until(() => !Directory.Exists($"/proc/{pid}"));
        File.Delete(file);
    }
}
