using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Ampx.Tests.Forges;

/// <summary>GitHub's answers, given by hand: "METHOD path" to what it says, in turn where several are given; the last one stays. What isn't given is 404.</summary>
internal sealed class FakeGitHubApi : HttpMessageHandler
{
    public static readonly DateTimeOffset Pushed = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public const string Sha = "abc1234567abc1234567abc1234567abc1234567";
    private const string Host = "https://ghe.acme.com/api/v3/";
    private readonly Dictionary<string, Queue<Func<HttpResponseMessage>>> _answers = [];

    /// <summary>Every call: "METHOD path?query", who asked, and the body.</summary>
    public List<(string Call, string? Authorization, string Body)> Seen { get; } = [];

    /// <summary>What stands in the task's log.</summary>
    public List<string> Notes { get; } = [];

    public FakeTimeProvider Time { get; } = new(Pushed.AddMinutes(1));

    public PullRequestOptions PullRequests { get; } = new();

    public RepoRef Repo { get; } = RepoRef.Parse("o/r", new Uri("https://ghe.acme.com/"), out _)!;

    public TaskState Task { get; set; } = new()
    {
        Id = "01JGFJJZ00ABCDEFGHJKMNPQRS",
        Owner = "me",
        Repo = "o/r",
        Branch = "amp/mend-add-mnpqrs",
        Agent = "amp",
        Base = "main",
        BaseSha = new string('b', 40),
        Prompt = "Mend add()\n\nIt gives 3 for 1 and 3.",
        HeadSha = Sha,
        CiSince = Pushed,
        Attempts = 2,
        MaxAttempts = 3,
        ThreadId = "T-1",
        CiUrl = "https://ghe.acme.com/o/r/actions/runs/7",
    };

    public int Calls(string call) => Seen.Count(seen => seen.Call.StartsWith(call, StringComparison.Ordinal));

    public FakeGitHubApi Says(string call, string json, HttpStatusCode status = HttpStatusCode.OK, params (string Name, string Value)[] headers) => Says(call, () =>
    {
        var answer = new HttpResponseMessage(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers) answer.Headers.TryAddWithoutValidation(name, value);
        return answer;
    });

    public FakeGitHubApi Says(string call, HttpStatusCode status, string message = "No", params (string Name, string Value)[] headers) =>
        Says(call, new JsonObject { ["message"] = message }.ToJsonString(), status, headers);

    public FakeGitHubApi Says(string call, Func<HttpResponseMessage> answer)
    {
        if (!_answers.TryGetValue(InOrder(call), out var turns)) _answers[InOrder(call)] = turns = new();
        turns.Enqueue(answer);
        return this;
    }

    /// <summary>A listing of runs: "workflow event conclusion" each; a status word in the conclusion's place is a run at work.</summary>
    public FakeGitHubApi HasRuns(params string[] runs) => Says("GET repos/o/r/actions/runs", new JsonObject
    {
        ["total_count"] = runs.Length,
        ["workflow_runs"] = new JsonArray([.. runs.Select((text, index) => Run(text.Split(' '), index))]),
    }.ToJsonString());

    public GitHubForge Forge(string? token = "ghp_secret0123456789secret0123456789")
    {
        var options = Options.Create(new GitHubOptions
        {
            ApiUrl = new("https://ghe.acme.com/api/v3"),
            WebUrl = new("https://ghe.acme.com"),
            Token = token,
            HiccupDelay = TimeSpan.Zero,
            LookAgain = TimeSpan.Zero,
        });
#pragma warning disable CA2000 // They live as long as the test.
        var clients = new GitHubClients(options, Time, this);
        var credential = new PersonalToken(options, clients);
        var api = new GitHubApi(credential, clients);
#pragma warning restore CA2000
        TaskNotes notes = (_, _, _, text) => Notes.Add(text);
        var pulls = new GitHubPullRequests(api, new AgentProfiles(Options.Create(new Dictionary<string, AgentOptions>())), Options.Create(PullRequests), notes);
        var branches = new GitHubBranches(api, notes);
        var actions = new GitHubActions(api, Time);
        return new GitHubForge(api, credential, new GitHubRemotes(api, credential, actions, Time), actions, pulls, new GitHubMerges(api, pulls, branches, Time), branches, new GitHubIssues(api),
            new JobLogs(api, Time), Options.Create(new CiOptions()), Time);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = request.RequestUri!.AbsoluteUri;
        var path = url.StartsWith(Host, StringComparison.Ordinal) ? url[Host.Length..] : url;
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        lock (Seen) Seen.Add(($"{request.Method} {path}", request.Headers.Authorization?.ToString(), body));
        var answer = _answers.TryGetValue(InOrder($"{request.Method} {path}"), out var turns) || _answers.TryGetValue($"{request.Method} {path.Split('?')[0]}", out turns)
            ? (turns.Count > 1 ? turns.Dequeue() : turns.Peek())()
            : new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("""{"message":"Not Found"}""", Encoding.UTF8, "application/json") };
        answer.RequestMessage = request;
        return answer;
    }

    /// <summary>The query's parts have no order that anyone relies on.</summary>
    private static string InOrder(string call) =>
        call.Split('?') is [var path, var query] ? $"{path}?{string.Join('&', query.Split('&').Order(StringComparer.Ordinal))}" : call;

    private static JsonObject Run(string[] words, int index)
    {
        var working = words[2] is "queued" or "in_progress";
        return new JsonObject
        {
            ["id"] = 7_000_000_000 + index,
            ["name"] = words[0],
            ["path"] = $".github/workflows/{words[0]}.yml",
            ["head_sha"] = Sha,
            ["event"] = words[1],
            ["workflow_id"] = words[0].Length,
            ["status"] = working ? words[2] : "completed",
            ["conclusion"] = working ? null : words[2],
            ["run_attempt"] = 1,
            ["run_number"] = index + 1,
            ["html_url"] = $"https://ghe.acme.com/o/r/actions/runs/{7_000_000_000 + index}",
            ["created_at"] = Pushed.AddSeconds(index).ToString("O"),
            ["updated_at"] = Pushed.AddSeconds(60).ToString("O"),
            ["run_started_at"] = Pushed.ToString("O"),
            ["pull_requests"] = new JsonArray(),
        };
    }

    public const string Refs = "GET repos/o/r/git/matching-refs/heads/amp/mend-add-mnpqrs";

    /// <summary>What <see cref="Refs"/> answers of a branch at <paramref name="sha"/>.</summary>
    public static string Ref(string sha) => $$"""[{"ref":"refs/heads/amp/mend-add-mnpqrs","object":{"type":"commit","sha":"{{sha}}" } }]""";

    public const string DeleteRef = "DELETE repos/o/r/git/refs/heads/amp/mend-add-mnpqrs";

    public static string Jobs(string name, string stepConclusion = "failure", string step = "Run npm test") => $$"""
        {"total_count":1,"jobs":[{"id":9000000001,"run_id":7000000000,"head_sha":"{{Sha}}","name":"{{name}}","status":"completed","conclusion":"failure","html_url":"https://ghe.acme.com/o/r/job/1",
        "started_at":"2026-01-01T12:00:01Z","completed_at":"2026-01-01T12:00:30Z","created_at":"2026-01-01T12:00:01Z","runner_id":3,"runner_name":"GitHub Actions 3","labels":["ubuntu-latest"],
        "steps":[{"name":"Set up job","number":1,"status":"completed","conclusion":"success","started_at":"2026-01-01T12:00:01Z","completed_at":"2026-01-01T12:00:02Z"},
        {"name":"{{step}}","number":{{(step is "Set up job" ? 1 : 2)}},"status":"completed","conclusion":"{{stepConclusion}}","started_at":"2026-01-01T12:00:02Z","completed_at":null}]}]}
        """;

    public static string Pull(int number = 5, bool draft = false, string state = "open", string? sha = null, string mergeable = "true", string mergeableState = "clean", bool merged = false, string body = "", bool autoMerge = false) => $$"""
        {"id":6000000000,"number":{{number}},"node_id":"PR_x","state":"{{state}}","draft":{{(draft ? "true" : "false")}},"html_url":"https://ghe.acme.com/o/r/pull/{{number}}","title":"Mend add()","body":"{{body}}","auto_merge":{{(autoMerge ? """{"merge_method":"squash"}""" : "null")}},
        "head":{"ref":"amp/mend-add-mnpqrs","sha":"{{sha ?? Sha}}"},"base":{"ref":"main","sha":"{{new string('b', 40)}}"},"mergeable":{{mergeable}},"mergeable_state":"{{mergeableState}}",
        "merged":{{(merged ? "true" : "false")}},"merged_at":{{(merged ? "\"2026-01-01T12:05:00Z\"" : "null")}},"merge_commit_sha":"{{new string('c', 40)}}","created_at":"2026-01-01T12:00:00Z","updated_at":"2026-01-01T12:00:00Z"}
        """;
}
