using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class ContinueCommand(Interrupt interrupt)
{
    [Command("continue", Description = "Give a task another instruction, or its last one again")]
    [Details("On an ended task: another round with all its attempts again. On a task at work the instruction waits until the run under way has pushed.")]
    [Example("ampx continue k3f9qz -m \"Use the existing helper\"", "More to do, on the same branch and thread")]
    [Example("ampx continue k3f9qz", "The last instruction again")]
    [Example("ampx continue k3f9qz -m - --wait < review.md", "A long one, and wait for its end")]
    public async Task<int> Continue(
        [Argument("id", Description = "The task: the end of its id")] string id,
        [Option("message", ['m'], Description = "What to do next; - reads it from stdin", ValueName = "TEXT")] string? message = null,
        [Option("max-attempts", Description = "Agent runs for it", ValueName = "N")] int? maxAttempts = null,
        [Option("max-tokens", Description = "New limit of tokens for the whole task", ValueName = "N")] long? maxTokens = null,
        [Option("max-time", Description = "New limit of time for the whole task", ValueName = "T")] string? maxTime = null,
        [Option("wait", ['w'], Description = "Wait for the end; exit 1 if it isn't success")] bool wait = false,
        GlobalOptions options = null!)
    {
        var prompt = message is null ? null : await StartCommand.Instruction(message, interrupt.Token);
        if (prompt is not null && string.IsNullOrWhiteSpace(prompt)) throw CliError.Usage("The instruction is empty.", "Without -m the last one runs again.");
        using var ampx = Session.Open(options);
        await ampx.Client.Change(id, new("continue", prompt, maxAttempts, maxTokens, maxTime is null ? null : Times.Parse(maxTime, "--max-time")), interrupt.Token);
        var task = await ampx.Client.Get(id, interrupt.Token);
        if (wait) return await Ending.Of(ampx, task, interrupt);
        if (ampx.Terminal.JsonOnly) Terminal.Json(task, json => json.TaskView);
        else Terminal.Line($"{Words.Short(task.Id)}  {Words.Of(task)}: {Plain.Line(task.Summary)}{(task.PendingInstructions.IsDefaultOrEmpty ? "" : "; the instruction waits for the run under way")}");
        return ExitCode.Done;
    }
}

internal sealed class AbortCommand(Interrupt interrupt)
{
    [Command("abort", Description = "Stop tasks; 'ampx continue' takes them up again")]
    [Example("ampx abort k3f9qz", "Stops the agent and all that it started within 5 s")]
    [Example("ampx ls --status running --json | jq -r '.tasks[].id' | xargs -r ampx abort", "All of mine that are at work")]
    public async Task<int> Abort([Argument("id...", Description = "The tasks: the ends of their ids")] string id, GlobalOptions options)
    {
        using var ampx = Session.Open(options);
        return await Several.Try(ampx, Arguments.Several(id), async one =>
        {
            await ampx.Client.Change(one, new("abort"), interrupt.Token);
            return await ampx.Client.Get(one, interrupt.Token);
        }, task => $"{Words.Short(task.Id)}  {Words.Of(task)}: {(task.Status is Status.Success ? "auto-merge taken back; " : "")}{Plain.Line(task.Summary)}");
    }
}

internal sealed class MergeCommand(Interrupt interrupt)
{
    [Command("merge", Description = "Merge the commit that CI found green")]
    [Example("ampx merge k3f9qz", "Squashed, exactly the commit that CI judged")]
    [Example("ampx merge k3f9qz --method rebase --delete-branch", "Another way, and tidy up")]
    [Example("ampx merge k3f9qz --auto", "When GitHub's own rules allow it")]
    public async Task<int> Merge(
        [Argument("id", Description = "The task: the end of its id")] string id,
        [Option("method", Description = "squash, merge or rebase", ValueName = "M")] string method = "squash",
        [Option("delete-branch", Description = "Remove the task's branch afterwards")] bool deleteBranch = false,
        [Option("auto", Description = "Let the forge merge it when its own rules allow")] bool auto = false,
        [Option("force", Description = "Although a guard wants a person to look first")] bool force = false,
        GlobalOptions options = null!)
    {
        if (!Enum.TryParse<MergeMethod>(method, ignoreCase: true, out var how) || char.IsDigit(method[0])) throw CliError.Usage($"--method '{method}' is none.", "There are: squash merge rebase");
        using var ampx = Session.Open(options);
        await ampx.Client.Change(id, new("merge", Method: how, DeleteBranch: deleteBranch, Auto: auto, Force: force), interrupt.Token);
        interrupt.Parting = $"Merging goes on without this command: ampx show {id}";
        var task = await ampx.Client.Get(id, interrupt.Token);
        if (task.Phase is Phase.Merging) task = await new WaitView(ampx.Terminal, ampx.Watch, ampx.Clock).Until(task.Id, interrupt.Token);
        if (ampx.Terminal.JsonOnly) Terminal.Json(task, json => json.TaskView);
        else Terminal.Line(WaitView.Ending(task, ampx.Terminal.Colour));
        return Words.IsMerged(task) || (auto && task.PullRequest?.AutoMerge == true) ? ExitCode.Done : ExitCode.Failed;
    }
}

internal sealed class WaitCommand(Interrupt interrupt)
{
    [Command("wait", Description = "Wait until tasks have ended; exit 1 if one isn't success")]
    [Example("ampx wait k3f9qz --timeout 1h", "Exit 1 if it takes longer, or ends in anything but success")]
    [Example("ampx wait k3f9qz 7xw2m4 && echo both are green", "Several")]
    public async Task<int> Wait(
        [Argument("id...", Description = "The tasks: the ends of their ids")] string id,
        [Option("timeout", Description = "No longer than this, like 30m", ValueName = "T")] string? timeout = null,
        GlobalOptions options = null!)
    {
        var limit = timeout is null ? Timeout.InfiniteTimeSpan : Times.Parse(timeout, "--timeout");
        var ids = Arguments.Several(id);
        using var ampx = Session.Open(options);
        interrupt.Parting = ids.Count == 1 ? $"Task {ids[0]} goes on." : "The tasks go on.";
        using var late = new CancellationTokenSource(limit, ampx.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, interrupt.Token);
        try
        {
            return await Several.Try(ampx, ids, one => new WaitView(ampx.Terminal, ampx.Watch, ampx.Clock).Until(one, either.Token),
                task => WaitView.Ending(task, ampx.Terminal.Colour), WaitView.Exit);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !interrupt.Happened)
        {
            throw CliError.Failed($"Not ended within {timeout}; {(ids.Count == 1 ? "the task goes" : "the tasks go")} on.", code: "timeout");
        }
    }
}

internal sealed class RemoveCommand(Interrupt interrupt)
{
    [Command("rm", Description = "Remove ended tasks with their logs; branches and pull requests stay")]
    [Details("A task at work is not removed: abort it first. What is on GitHub, or in the local repository, is left as it is.")]
    [Example("ampx rm k3f9qz", "By the end of its id")]
    [Example("ampx ls --status aborted --older-than 2d --json | jq -r '.tasks[].id' | xargs -r ampx rm", "All that were aborted and are two days old")]
    public async Task<int> Remove([Argument("id...", Description = "The tasks: the ends of their ids")] string id, GlobalOptions options)
    {
        using var ampx = Session.Open(options);
        return await Several.Try(ampx, Arguments.Several(id), async one =>
        {
            // Its last state is the answer, and its whole id can't fit another task a moment later.
            var task = await ampx.Client.Get(one, interrupt.Token);
            await ampx.Client.Remove(task.Id, interrupt.Token);
            return task;
        }, task => $"{Words.Short(task.Id)}  removed; it was {Words.Of(task)}");
    }
}

/// <summary>A command on several ids: each is tried, with a line each.</summary>
internal static class Several
{
    public static async Task<int> Try(Session ampx, IReadOnlyList<string> ids, Func<string, Task<TaskView>> act, Func<TaskView, string> line, Func<TaskView, int>? exit = null)
    {
        // One id: the error is the command's own, with its own exit code.
        if (ids.Count == 1)
        {
            var task = await act(ids[0]);
            if (ampx.Terminal.JsonOnly) Terminal.Json(task, json => json.TaskView);
            else Terminal.Line(line(task));
            return exit?.Invoke(task) ?? ExitCode.Done;
        }

        List<TaskView> tasks = [];
        List<Problem> problems = [];
        foreach (var id in ids)
        {
            try
            {
                tasks.Add(await act(id));
                if (!ampx.Terminal.JsonOnly) Terminal.Line(line(tasks[^1]));
            }
            catch (CliError e) when (e.Exit is ExitCode.Failed or ExitCode.NoSuchTask or ExitCode.WrongUsage or ExitCode.NotAllowed)
            {
                problems.Add(e.Problem);
                Terminal.Say($"{id}  {e.Problem.Detail}");
            }
        }

        if (ampx.Terminal.JsonOnly) Terminal.Json(new TaskResults(tasks, problems), json => json.TaskResults);
        return problems.Count > 0 || tasks.Any(task => exit?.Invoke(task) is > 0) ? ExitCode.Failed : ExitCode.Done;
    }
}
