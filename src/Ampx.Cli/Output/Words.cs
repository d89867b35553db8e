using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Cli.Output;

/// <summary>A task's parts in words, and the colours that go with them: never colour alone.</summary>
internal static class Words
{
    /// <summary>The last 6 of an id: what people type, and the end of the branch's name.</summary>
    public static string Short(string id) => id.Length > 6 ? id[^6..] : id;

    /// <summary>Status, or for a merged task that.</summary>
    public static string Of(TaskView task) => IsMerged(task) ? "merged" : AmpxJson.Word(task.Status);

    /// <summary>The same with the place of a task that waits for a slot: <c>queued #3</c>.</summary>
    public static string Placed(TaskView task) => task.QueuePosition is { } place ? $"{Of(task)} #{place}" : Of(task);

    public static bool IsMerged(TaskView task) => task.PullRequest?.State is PullRequestState.Merged;

    /// <summary>The task has ended; only a person moves it again.</summary>
    public static bool HasEnded(TaskView task) => task.Phase is Core.Tasks.Phase.Done;

    public static string Phase(Phase phase) => AmpxJson.Word(phase).Replace('_', ' ');

    /// <summary>Spectre's name of the colour of <paramref name="status"/>.</summary>
    public static string Colour(Status status) => status switch
    {
        Status.Queued => "grey",
        Status.Running => "blue",
        Status.Retrying => "yellow",
        Status.NeedsReview => "magenta",
        Status.Success => "green",
        Status.Aborted => "grey",
        _ => "red",
    };

    /// <summary>The same as an SGR code.</summary>
    public static string Code(Status status) => status switch
    {
        Status.Queued or Status.Aborted => "90",
        Status.Running => "34",
        Status.Retrying => "33",
        Status.NeedsReview => "35",
        Status.Success => "32",
        _ => "31",
    };

    /// <summary><c>owner/name</c>, or a path's last part: as much of a repository as a table has room for.</summary>
    public static string Repo(string repo)
    {
        var parts = repo.TrimEnd('/').Split('/', ':');
        var name = parts[^1].EndsWith(".git", StringComparison.Ordinal) ? parts[^1][..^4] : parts[^1];
        return repo.StartsWith('/') || parts.Length < 2 ? name : $"{parts[^2]}/{name}";
    }

    /// <summary>Where a person reads the change: the pull request, else the branch.</summary>
    public static string? Link(TaskView task) => task.PullRequest?.Url is { Length: > 0 } url ? url : task.CompareUrl;

    public static string Tokens(Usage usage)
    {
        var cached = usage.CachedInputTokens > 0 ? $" ({Number(usage.CachedInputTokens)} cached)" : "";
        var money = usage.CostUsd is { } cost ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $", ${cost:0.00}") : "";
        return $"{Number(usage.InputTokens)} tokens in{cached}, {Number(usage.OutputTokens)} out{money}";
    }

    private static string Number(long count) => count switch
    {
        < 10_000 => count.ToString(System.Globalization.CultureInfo.InvariantCulture),
        < 10_000_000 => $"{count / 1000}k",
        _ => $"{count / 1_000_000}M",
    };
}
