using System.Text.RegularExpressions;
using Ampx.Core;
using Ampx.Core.Tasks;
using Xunit;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>The drawing in docs/task-lifecycle.md against the machine.</summary>
public partial class DrawingTests
{
    private static readonly string Document = File.ReadAllText(Checkout.File("docs/task-lifecycle.md"));

    /// <summary>Every change of phase that the machine can make, and the events that make it.</summary>
    private static readonly Lazy<Dictionary<(string From, string To), HashSet<string>>> Possible = new(Explore);

    [Fact]
    public void Every_edge_drawn_is_possible_and_every_possible_one_is_drawn() =>
        Assert.Equal(Possible.Value.Keys.Select(Line).Order(), Drawn().Select(edge => Line(edge.Key)).Order());

    [Fact]
    public void Every_edge_names_exactly_the_events_that_make_it() => Assert.All(Drawn(), edge =>
        Assert.Equal($"{Line(edge.Key)}: {string.Join(", ", Possible.Value[edge.Key].Order())}", $"{Line(edge.Key)}: {string.Join(", ", edge.Value.Order())}"));

    [Fact]
    public void The_table_has_a_row_for_each_phase() =>
        Assert.All(Enum.GetValues<Phase>(), phase => Assert.Matches($@"(?m)^\| `{AmpxJson.Word(phase)}` \| .+ \| .+ \|$", Document));

    private static Dictionary<(string From, string To), string[]> Drawn() => Edge().Matches(Document).ToDictionary(
        edge => (edge.Groups["from"].Value, edge.Groups["to"].Value),
        edge => edge.Groups["events"].Value.Split(", "));

    private static string Line((string From, string To) edge) => $"{edge.From} --> {edge.To}";

    /// <summary>Visits every state that differs in anything the machine decides by, with limits as low as they go.</summary>
    private static Dictionary<(string, string), HashSet<string>> Explore()
    {
        var rules = Rules with { StepAttempts = 2, WorkersLost = 1 };
        var edges = new Dictionary<(string, string), HashSet<string>>();
        var seen = new HashSet<object>();
        var open = new Queue<TaskState>();
        foreach (var forge in Enum.GetValues<ForgeKind>())
        {
            open.Enqueue(New(Order with { Forge = forge, MaxAttempts = 2 }));
            open.Enqueue(New(Order with { Forge = forge, MaxAttempts = 2, MaxTokens = 100 }));
            open.Enqueue(New(Order with { Forge = forge, MaxAttempts = 1, AutoMerge = true }));
        }

        while (open.TryDequeue(out var task))
        {
            foreach (var news in Samples.Events(task, task.Version))
            {
                if (news is ContinueRequested { Prompt: not null } && task.PendingInstructions.Length > 0) continue;
                if (!Samples.Takes(task, news with { At = task.UpdatedAt }, out var after, rules)) continue;
                if (after.Phase != task.Phase)
                {
                    var edge = (AmpxJson.Word(task.Phase), AmpxJson.Word(after.Phase));
                    (edges.TryGetValue(edge, out var events) ? events : edges[edge] = []).Add(after.Last.Cause);
                }

                if (seen.Add(Difference(after))) open.Enqueue(after);
            }
        }

        return edges;
    }

    private static object Difference(TaskState task) => (
        (task.Phase, task.Status, task.Forge, task.Attempts, task.MaxAttempts, task.StepFailures, task.WorkersLost),
        (task.RunCounted, task.ToldNoChanges, task.ContinueAfterStop, task.Unpublished, task.PendingInstructions.IsEmpty, task.Resume, task.Ending?.Status),
        (task.PullRequest?.State, task.PullRequest?.AutoMerge, task.RemoteSha is null, task.Run?.Kind, task.MaxTokens, task.Usage?.InputTokens >= task.MaxTokens, task.Attempt?.Ci?.Verdict is "green"),
        (task.Guarded.IsEmpty, task.Guarded.Any(found => !task.Overruled.Contains(found.Mark)), task.Error?.Code is ErrorCodes.ProtectedChange, !task.Guarded.IsEmpty && task.HeadSha == task.GreenSha));

    [GeneratedRegex(@"(?m)^    (?<from>[a-z_]+) --> (?<to>[a-z_]+): (?<events>.+)$")]
    private static partial Regex Edge();
}
