using Ampx.Core.Tasks;

namespace Ampx.Chaos.Work;

/// <summary>What a task is told to become, whatever befalls it meanwhile.</summary>
/// <param name="Name">As the agent is told.</param>
/// <param name="Share">Of a hundred tasks.</param>
/// <param name="Commits">On its branch in the end, one for each attempt that changed something.</param>
/// <param name="Pull">The one pull request that there is in the end; null: none.</param>
internal sealed record Plan(string Name, int Share, Status Status, int Attempts, int Commits, PullRequestState? Pull, string? Error = null)
{
    /// <summary>A person aborts it while its agent is at work.</summary>
    public bool IsAborted => Status is Status.Aborted;

    public static IReadOnlyList<Plan> All { get; } =
    [
        new("green", 40, Status.Success, 1, 1, PullRequestState.Open),
        new("red-green", 30, Status.Success, 2, 2, PullRequestState.Open),
        new("red", 6, Status.NeedsReview, 3, 3, PullRequestState.Draft, ErrorCodes.CiFailed),
        new("fail-green", 8, Status.Success, 2, 1, PullRequestState.Open),
        new("fail", 5, Status.NeedsReview, 3, 0, null, ErrorCodes.AgentFailed),
        new("nothing", 5, Status.NeedsReview, 1, 0, null, ErrorCodes.NoChanges),
        new("endless", 6, Status.Aborted, 1, 0, null),
    ];

    public static Plan Of(string name) => All.Single(plan => plan.Name == name);

    public static Plan Draw(Random dice)
    {
        var at = dice.Next(All.Sum(plan => plan.Share));
        return All.First(plan => (at -= plan.Share) < 0);
    }
}

/// <summary>One task to be: each try to create it has a mark of its own, so that an answer that got lost shows as a task more, not as a doubled one.</summary>
internal sealed record Order(int Number, Plan Plan, string Repo, int Lines, double Pause)
{
    public string Prompt(int tryNumber) => FormattableString.Invariant($"Chaos task {Number}\n\nchaos: c{Number:000}-{tryNumber} {Plan.Name} {Lines} {Pause:0.00}");

    /// <summary>The mark and the plan that a task's prompt tells of.</summary>
    public static (string Mark, Plan Plan) Read(string prompt)
    {
        var words = prompt.Split('\n').First(line => line.StartsWith("chaos: ", StringComparison.Ordinal)).Split(' ');
        return (words[1], Plan.Of(words[2]));
    }

    public static IReadOnlyList<Order> Draw(ChaosOptions options, IReadOnlyList<string> repos)
    {
        var dice = new Random(options.Seed);
        return [.. Enumerable.Range(1, options.Tasks).Select(number =>
        {
            // The first tasks are one of each kind, so that a short run has all of them too.
            var plan = number <= Plan.All.Count ? Plan.All[number - 1] : Plan.Draw(dice);
            return new Order(number, plan, repos[dice.Next(repos.Count)], plan.IsAborted ? 100_000 : dice.Next(40, 160), (0.2 + (dice.NextDouble() * 0.4)) * options.Pace);
        })];
    }
}
