using System.Net;
using System.Text.Json;
using Ampx.Tests.Forges;
using Ampx.Tests.Tasks;

namespace Ampx.Tests.Ci;

/// <summary>
/// One file of <c>Ci/Situations</c>: what GitHub says of a commit, written down in the shapes of its REST API with the fields that matter
/// (https://docs.github.com/rest/actions), and the verdict that people would give.
/// </summary>
internal sealed class Situation
{
    private readonly JsonElement _file;

    private Situation(string path)
    {
        _file = JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
        Name = _file.GetProperty("situation").GetString()!;
        Verdict = _file.GetProperty("expected").GetProperty("verdict").GetString()!;
        Runs = [.. _file.GetProperty("expected").GetProperty("runs").EnumerateArray().Select(name => name.GetString()!)];
    }

    public string Name { get; }

    /// <summary><c>wait</c>, <c>green</c>, <c>red</c>, <c>own_fault</c> (it is run again) or an error code.</summary>
    public string Verdict { get; }

    /// <summary>The workflows that it is by: those waited for, at fault, or to be looked at.</summary>
    public IReadOnlyList<string> Runs { get; }

    public static IReadOnlyList<Situation> All { get; } =
        [.. Directory.GetFiles(Checkout.File("tests/Ampx.Tests/Ci/Situations"), "*.json").Order(StringComparer.Ordinal).Select(path => new Situation(path))];

    public string NameOf(long run) => _file.GetProperty("runs").EnumerateArray().SelectMany(page => page.GetProperty("workflow_runs").EnumerateArray())
        .Single(one => one.GetProperty("id").GetInt64() == run).GetProperty("name").GetString()!;

    /// <summary>GitHub as it is then, and a task that waits for the commit.</summary>
    public FakeGitHubApi GitHub()
    {
        var github = new FakeGitHubApi();
        github.Task = github.Task with { CiSince = github.Time.GetUtcNow().AddSeconds(-_file.GetProperty("given").GetProperty("seconds_since_push").GetInt32()) };
        foreach (var page in _file.GetProperty("runs").EnumerateArray()) github.Says("GET repos/o/r/actions/runs", page.GetRawText());
        if (_file.TryGetProperty("jobs", out var jobs)) foreach (var run in jobs.EnumerateObject()) Jobs(github, run);
        foreach (var run in _file.GetProperty("runs").EnumerateArray().SelectMany(page => page.GetProperty("workflow_runs").EnumerateArray()))
        {
            var (status, words) = Given("may_rerun", false) ? (HttpStatusCode.Created, "{}") : (HttpStatusCode.Forbidden, """{"message":"Resource not accessible by integration"}""");
            foreach (var kind in (string[])["rerun", "rerun-failed-jobs"]) github.Says($"POST repos/o/r/actions/runs/{run.GetProperty("id")}/{kind}", words, status);
        }

        const string folder = "GET repos/o/r/contents/.github/workflows";
        if (Given("workflows", true) && Given("known", true))
        {
            github.Says($"{folder}?ref={FakeGitHubApi.Sha}", Files(Given("touched", false) ? "2" : "1"));
            github.Says($"{folder}?ref={github.Task.BaseSha}", Files("1"));
        }

        if (Given("known", true)) github.Says("GET repos/o/r/contents/", """[{"type":"file","path":"README.md","name":"README.md","sha":"1"}]""");
        return github;

        static string Files(string blob) => $$"""[{"type":"file","path":".github/workflows/ci.yml","name":"ci.yml","sha":"{{blob}}"}]""";
    }

    private void Jobs(FakeGitHubApi github, JsonProperty run)
    {
        foreach (var page in run.Value.EnumerateArray())
        {
            github.Says($"GET repos/o/r/actions/runs/{run.Name}/jobs", page.GetRawText());
            foreach (var job in page.GetProperty("jobs").EnumerateArray().Select(one => one.GetProperty("id").ToString()))
            {
                var notes = _file.TryGetProperty("annotations", out var all) && all.TryGetProperty(job, out var mine) ? mine.GetRawText() : "[]";
                if (Given("may_read_checks", true)) github.Says($"GET repos/o/r/check-runs/{job}/annotations", notes);
                else github.Says($"GET repos/o/r/check-runs/{job}/annotations", HttpStatusCode.Forbidden, "Resource not accessible by integration");
            }
        }
    }

    private bool Given(string fact, bool otherwise) => _file.GetProperty("given").TryGetProperty(fact, out var said) ? said.GetBoolean() : otherwise;
}
