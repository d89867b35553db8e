using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Control;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>GitHub's deliveries at a real service: they make it quick, and nothing else.</summary>
public sealed class WebhookTests
{
    private const string Secret = "the hook's secret";

    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: test "$(cat answer)" = 42
        """;

    private static readonly HttpClient Http = new();

    [Fact]
    public async Task A_thousand_deliveries_a_third_forged_or_broken_in_any_order_change_no_outcome()
    {
        var without = await Outcomes(storm: false);
        var with = await Outcomes(storm: true);
        Assert.Equal(without, with);
        Assert.Equal(["success 1", "success 2", "needs_review 3 ci_failed", "success 1"], without.Select(outcome => outcome.Split(':')[0]));
    }

    [Fact]
    public async Task With_webhooks_the_next_step_begins_as_soon_as_CI_has_ended_however_long_the_poll_interval()
    {
        const int Tasks = 20;
        await using var github = await DescribedGitHub.Start();
        await using var stage = Stage(github);
        stage.Environment["Ampx__Ci__PollInterval"] = "00:10:00";
        stage.Environment["Ampx__Ci__SettleTime"] = "00:00:00";
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        Listen(github, stage);

        var tasks = new List<TaskView>();
        for (var n = 0; n < Tasks; n++) tasks.Add(await stage.Create(new { repo = "acme/answer", prompt = $"Write the answer {n}\n\nfake[1]: write answer 41\nfake[2]: write answer 42" }));
        var waits = new List<TimeSpan>();
        foreach (var task in tasks)
        {
            var ended = await stage.Ended(task.Id);
            Assert.Equal((Status.Success, 2), (ended.Status, ended.Attempts));
            var red = (await stage.Get<Timeline>($"tasks/{task.Id}/timeline")).Entries.First(entry => entry.Cause == "ci_failed").Time;
            var run = (await stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts[0].Ci!.Runs.Single().Id;
            waits.Add(red - github.Site.Repositories.Find("acme/answer")!.Runs.Single(one => one.Id == run).UpdatedAt);
        }

        waits.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"CI ended → next step: median {waits[Tasks / 2].TotalMilliseconds:0} ms, longest {waits[^1].TotalMilliseconds:0} ms, {Tasks} tasks");
        // Far from the ten minutes that polling would take; how quick it is, is for a benchmark to say.
        Assert.All(waits, wait => Assert.True(wait < TimeSpan.FromMinutes(1), $"{wait} after CI had ended"));
    }

    /// <summary>Four tasks to their end, told without what time or chance decides.</summary>
    private static async Task<List<string>> Outcomes(bool storm)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = Stage(github);
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await github.CreateRepository("acme/pulls", GitHubTests.Files(Workflow.Replace("on: push", "on: pull_request", StringComparison.Ordinal)));
        await stage.Up();
        if (storm)
        {
            github.Site.Webhooks.Mischief = new() { Seed = Random.Shared.Next(), Lost = 0.2, Doubled = 0.3, Forged = 0.2, Late = 0.5, LatestMs = 3000 };
            TestContext.Current.TestOutputHelper?.WriteLine($"seed of what befalls GitHub's own deliveries: {github.Site.Webhooks.Mischief.Seed}");
            Listen(github, stage);
        }


        var tasks = new List<TaskView>
        {
            await stage.Create(new { repo = "acme/answer", prompt = "Write the answer\n\nfake[1]: write answer 42" }),
            await stage.Create(new { repo = "acme/answer", prompt = "Write the answer\n\nfake[1]: write answer 41\nfake[2]: write answer 42" }),
            await stage.Create(new { repo = "acme/answer", prompt = "Write the answer\n\nfake[1]: write answer 1\nfake[2]: write answer 2\nfake[3]: write answer 3" }),
            await stage.Create(new { repo = "acme/pulls", prompt = "Write the answer\n\nfake[1]: write answer 42" }),
        };
        using var ended = new CancellationTokenSource();
        var weather = storm ? Storm(github, stage, ended.Token) : Task.CompletedTask;
        var outcomes = new List<string>();
        foreach (var task in tasks)
        {
            var now = await stage.Ended(task.Id);
            var attempts = (await stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts.Select(attempt => $"{attempt.Outcome} {attempt.Ci?.Verdict}");
            var causes = (await stage.Get<Timeline>($"tasks/{task.Id}/timeline")).Entries.Select(entry => entry.Cause).Where(cause => cause is not "ci_started");
            outcomes.Add($"{AmpxJson.Word(now.Status)} {now.Attempts} {now.Error?.Code}".TrimEnd() + $": {now.PullRequest?.State}; {string.Join(", ", attempts)}; {string.Join(", ", causes)}");
        }

        await ended.CancelAsync();
        await weather;
        Assert.Empty(github.Site.Requests.Violations);
        Assert.Equal(4, github.Site.Repositories.All.Sum(repository => repository.Pulls.Count()));
        return outcomes;
    }

    /// <summary>1,000 deliveries while the tasks are at work: true ones again and late, invented ones, a sixth forged, a sixth broken.
    /// Then the lost ones come late, for without them the service would look in ten minutes only.</summary>
    private static async Task Storm(FakeGitHubServer github, Stage stage, CancellationToken ended)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var answers = new Dictionary<HttpStatusCode, int>();
        for (var n = 0; n < 1000; n++)
        {
            var known = github.Site.Webhooks.Deliveries;
            var old = known.Count > 0 && random.Next(2) == 0 ? known[random.Next(known.Count)] : null;
            var body = old?.Body ?? Invented(github, random);
            var (id, what) = old is not null && random.Next(2) == 0 ? (old.Id, old.Event) : ($"invented-{random.Next(500)}", old?.Event ?? "workflow_run");
            var (signedBody, sentBody, expected) = (n % 6) switch
            {
                0 => (body + " ", body, HttpStatusCode.Unauthorized),
                1 => (body[..^1], body[..^1], HttpStatusCode.BadRequest),
                _ => (body, body, HttpStatusCode.Accepted),
            };
            var status = await Deliver(stage, id, what, sentBody, signedBody);
            Assert.Equal(expected, status);
            answers[status] = answers.GetValueOrDefault(status) + 1;
        }

        Assert.Equal(1000, answers.Values.Sum());
        Assert.Equal(334, answers[HttpStatusCode.Unauthorized] + answers[HttpStatusCode.BadRequest]);
        while (!ended.IsCancellationRequested)
        {
            foreach (var delivery in github.Site.Webhooks.Deliveries.ToList())
                Assert.Equal(HttpStatusCode.Accepted, await Deliver(stage, $"{delivery.Id}-{Guid.NewGuid()}", delivery.Event, delivery.Body, delivery.Body));
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(1), ended));
        }
    }

    private static async Task<HttpStatusCode> Deliver(Stage stage, string id, string what, string body, string signedBody)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(stage)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Event", what);
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-Hub-Signature-256", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(signedBody)))}");
        using var answer = await Http.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Says that a run has ended well, or badly, on some commit there is, or on none.</summary>
    private static string Invented(FakeGitHubServer github, Random random)
    {
        var repository = random.Next(2) == 0 ? "acme/answer" : "acme/pulls";
        var runs = github.Site.Repositories.Find(repository)!.Runs;
        var sha = runs.Count > 0 && random.Next(3) > 0 ? runs.ElementAt(random.Next(runs.Count)).HeadSha : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
        return JsonSerializer.Serialize(new
        {
            action = "completed",
            workflow_run = new { id = random.NextInt64(), head_sha = sha, status = "completed", conclusion = random.Next(2) == 0 ? "success" : "failure" },
            repository = new { html_url = $"{github.WebUrl}{repository}" },
        });
    }

    private static Stage Stage(FakeGitHubServer github)
    {
        var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__GitHub__WebhookSecret"] = Secret;
        return stage;
    }

    private static void Listen(FakeGitHubServer github, Stage stage) => github.Site.Webhooks.Add(new Hook(Address(stage), Secret));

    private static string Address(Stage stage) => $"{ServiceFile.Read(stage.Data)!.Url.TrimEnd('/')}/webhooks/github";
}
