using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Ampx.Core.Tasks;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class LogsCommand(Interrupt interrupt)
{
    [Command("logs", Description = "What agent, git, CI and Ampx itself wrote")]
    [Example("ampx logs -f k3f9qz", "Until the task has ended")]
    [Example("ampx logs k3f9qz --source ci --tail 50", "What CI printed last")]
    [Example("ampx logs k3f9qz --since 10m | grep -i error", "On a pipe it is plain text")]
    [Example("ampx logs k3f9qz --feedback", "What the agent was told of CI, to the letter")]
    public async Task<int> Logs(
        [Argument("id", Description = "The task: the end of its id")] string id,
        [Option("follow", ['f'], Description = "Go on until the task has ended")] bool follow = false,
        [Option("tail", Description = "Only the last so many lines", ValueName = "N")] int? tail = null,
        [Option("since", Description = "Only what is younger, like 10m", ValueName = "T")] string? since = null,
        [Option("source", Description = "Only these: agent,git,ci,system", ValueName = "S,S")] string? source = null,
        [Option("attempt", Description = "Only those of one attempt", ValueName = "N")] int? attempt = null,
        [Option("feedback", Description = "What the agent was last told of CI, to the letter")] bool feedback = false,
        GlobalOptions options = null!)
    {
        if (tail is < 0 or > 10_000) throw CliError.Usage($"--tail {tail} must be from 0 to 10000.");
        using var ampx = Session.Open(options);
        if (feedback) return await Feedback(ampx, id, attempt);
        var selection = new LogSelection(LogSelection.ParseSources(source), attempt, tail, since is null ? null : ampx.Now - Times.Parse(since, "--since"));
        var lines = new LogLines(ampx.Terminal);
        if (follow)
        {
            interrupt.Parting = $"No longer following; the task goes on. Again: ampx logs -f {id}";
            await new LogFollower(ampx.Client, ampx.Watch).Follow(id, selection, lines.Write, interrupt.Token);
        }
        else
        {
            await Pages(ampx, id, selection, lines);
        }

        return ExitCode.Done;
    }

    private async Task Pages(Session ampx, string id, LogSelection selection, LogLines lines)
    {
        if (selection.Tail == 0)
        {
            // No line, but a task that isn't there is told.
            await ampx.Client.Get(id, interrupt.Token);
            if (ampx.Terminal.JsonOnly) Terminal.Json(new([], 0), json => json.LogPage);
            return;
        }

        List<Core.Logs.LogEntry> all = [];
        for (long after = 0; ;)
        {
            var page = await ampx.Client.Logs(id, selection, after, interrupt.Token);
            if (ampx.Terminal.JsonOnly) all.AddRange(page.Entries);
            else foreach (var entry in page.Entries) lines.Write(entry);
            after = page.NextAfter;
            if (page.Entries.Count != 0 && selection.Tail is null) continue;
            if (ampx.Terminal.JsonOnly) Terminal.Json(new(all, after), json => json.LogPage);
            return;
        }
    }

    private async Task<int> Feedback(Session ampx, string id, int? attempt)
    {
        var attempts = (await ampx.Client.Attempts(id, interrupt.Token)).Attempts;
        var told = attempts.LastOrDefault(one => one.Feedback is not null && (attempt is null || one.Number == attempt))
            ?? throw CliError.Failed(WhyNone(attempts, attempt), code: "no_feedback");
        if (ampx.Terminal.JsonOnly) Terminal.Json(new FeedbackReport(told.Number, told.Feedback!), json => json.FeedbackReport);
        else Console.Out.Write(ampx.Terminal.IsScreen ? $"{Plain.Text(told.Feedback!.TrimEnd())}\n" : told.Feedback);
        return ExitCode.Done;
    }

    private static string WhyNone(IReadOnlyList<Attempt> attempts, int? wanted) =>
        wanted is null ? "The agent hasn't been told anything of CI yet."
        : attempts.Any(one => one.Number == wanted) ? $"Attempt {wanted} was told nothing of CI."
        : $"There is no attempt {wanted}.";
}
