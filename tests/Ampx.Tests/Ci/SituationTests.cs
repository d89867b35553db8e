using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Tests.Forges;
using Xunit;

namespace Ampx.Tests.Ci;

/// <summary>The verdict on each of <c>Ci/Situations</c>, read as the service reads GitHub: every page, jobs and annotations where they matter.</summary>
public class SituationTests
{
    public static TheoryData<string> Names => [.. Situation.All.Select(situation => situation.Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task The_verdict_is_what_people_would_say(string name)
    {
        var situation = Situation.All.Single(one => one.Name == name);
        using var github = situation.GitHub();

        var (verdict, by) = Said((await github.Forge().ReadCi(github.Repo, github.Task, default)).News, situation, github);

        Assert.Equal(situation.Verdict, verdict);
        Assert.Equal(situation.Runs, by.Take(situation.Verdict is "own_fault" ? int.MaxValue : situation.Runs.Count));
    }

    [Fact]
    public void There_are_many_situations() => Assert.True(Situation.All.Count >= 100, $"{Situation.All.Count}");

    private static (string Verdict, IEnumerable<string> By) Said(TaskEvent? news, Situation situation, FakeGitHubApi github)
    {
        var again = github.Seen.Where(seen => seen.Call.StartsWith("POST", StringComparison.Ordinal)).Select(seen => long.Parse(seen.Call.Split('/')[^2]));
        return news switch
        {
            null => github.Calls("POST") > 0 ? ("own_fault", again.Select(situation.NameOf)) : ("wait", []),
            CiStarted wait => ("wait", [situation.NameOf(wait.RunId)]),
            CiPassed { Report: var report } => (report.Runs[0].Conclusion is "success" ? "green" : "green by a run that isn't", Names(report)),
            CiFailed { Report: var report } => ("red", Names(report)),
            CiBlocked { Report: var report } blocked => (blocked.Code, Names(report)),
            _ => (news.GetType().Name, []),
        };

        static IEnumerable<string> Names(CiReport report) => report.Runs.Select(run => run.Name);
    }
}
