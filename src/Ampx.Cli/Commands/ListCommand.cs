using System.Text.Json;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Ampx.Core;
using Ampx.Core.Api;
using Cocona;
using Spectre.Console;

namespace Ampx.Cli.Commands;

internal sealed class ListCommand(Interrupt interrupt)
{
    [Command("list", Aliases = ["ls"], Description = "List tasks, newest first")]
    [Details("Your own, unless --all or --owner says otherwise. 'queued #3' is third in the queue.")]
    [Example("ampx ls", "Mine, newest first")]
    [Example("ampx ls -w", "The same, live")]
    [Example("ampx ls --all --status running,retrying", "What everybody's agents are at")]
    [Example("ampx ls --json | jq -r '.tasks[].id'", "For a script")]
    public async Task<int> List(
        [Option("all", Description = "Everybody's")] bool all = false,
        [Option("owner", Description = "Those of one user", ValueName = "NAME")] string? owner = null,
        [Option("status", Description = "Only these, like running,retrying", ValueName = "S,S")] string? status = null,
        [Option("repo", Description = "Only those of one repository", ValueName = "R")] string? repo = null,
        [Option("older-than", Description = "Only those created longer ago, like 2h", ValueName = "T")] string? olderThan = null,
        [Option("limit", Description = "At most so many", ValueName = "N")] int limit = 50,
        [Option("watch", ['w'], Description = "Keep the list up to date until Ctrl+C")] bool watch = false,
        GlobalOptions options = null!)
    {
        if (all && owner is not null) throw CliError.Usage("--all and --owner exclude each other.");
        if (limit < 1) throw CliError.Usage($"--limit {limit} must be at least 1.");
        CheckStatuses(status);
        var age = olderThan is null ? (TimeSpan?)null : Times.Parse(olderThan, "--older-than");
        using var ampx = Session.Open(options);
        var query = new TaskQuery(status?.ToLowerInvariant(), repo is null ? null : StartCommand.FullPath(repo), all ? "all" : owner, Math.Min(limit, 200));
        var owners = all || owner is not null;
        return watch ? await Watch(ampx, query, owners, age) : await Print(ampx, query, limit, owners, age);
    }

    private async Task<int> Print(Session ampx, TaskQuery query, int limit, bool owners, TimeSpan? age)
    {
        List<TaskView> tasks = [];
        string? cursor = null;
        do
        {
            // Never more than is shown, so that the cursor stands behind the last of them.
            var page = await ampx.Client.List(query with { Limit = Math.Min(limit - tasks.Count, 200) }, cursor, interrupt.Token);
            tasks.AddRange(page.Tasks.Where(task => IsOld(task, age, ampx.Now)));
            cursor = page.NextCursor;
        }
        while (cursor is not null && tasks.Count < limit);

        if (ampx.Terminal.JsonOnly) Terminal.Json(new TaskList(tasks, cursor), json => json.TaskList);
        else if (tasks.Count == 0) Terminal.Say(Nothing(query, age));
        else if (ampx.Terminal.IsScreen) ampx.Terminal.Screen.Write(TaskTable.For(tasks, owners, ampx.Now, Terminal.Width, ampx.Terminal.Colour));
        else foreach (var line in TaskTable.Lines(tasks, owners, ampx.Now)) Terminal.Line(line);
        if (!ampx.Terminal.JsonOnly && cursor is not null) Terminal.Say($"There are more: --limit {limit * 4} shows them.");
        return ExitCode.Done;
    }

    private async Task<int> Watch(Session ampx, TaskQuery query, bool owners, TimeSpan? age)
    {
        interrupt.Parting = "No longer watching; the tasks go on.";
        var pages = ampx.Watch.Many(query, interrupt.Token);
        if (!ampx.Terminal.CanRedraw)
        {
            await Follow(ampx, pages, age);
            return ExitCode.Done;
        }

        await ampx.Terminal.Screen.Live(new Text("…")).AutoClear(false).Overflow(VerticalOverflow.Ellipsis).Cropping(VerticalOverflowCropping.Bottom).StartAsync(async live =>
        {
            await using var news = pages.GetAsyncEnumerator(interrupt.Token);
            IReadOnlyList<TaskView> tasks = [];
            var next = news.MoveNextAsync().AsTask();
            while (true)
            {
                // Once a second even without news: ages grow.
                await Task.WhenAny(next, Task.Delay(TimeSpan.FromSeconds(1), ampx.Clock, CancellationToken.None));
                if (next.IsCompleted)
                {
                    await next;
                    tasks = [.. news.Current.Where(task => IsOld(task, age, ampx.Now))];
                    next = news.MoveNextAsync().AsTask();
                }

                ampx.Terminal.Screen.Profile.Width = Terminal.Width;
                live.UpdateTarget(tasks.Count == 0 ? new Text(Nothing(query, age)) : TaskTable.For([.. tasks.Take(Math.Max(1, Terminal.Height - 2))], owners, ampx.Now, Terminal.Width, ampx.Terminal.Colour));
            }
        });
        return ExitCode.Done;
    }

    // Nothing to paint over: a line for each task that is new or reads differently.
    private static async Task Follow(Session ampx, IAsyncEnumerable<IReadOnlyList<TaskView>> pages, TimeSpan? age)
    {
        Dictionary<string, string> said = [];
        await foreach (var page in pages)
        {
            foreach (var task in page.Reverse().Where(task => IsOld(task, age, ampx.Now)))
            {
                var line = ampx.Terminal.JsonOnly
                    ? JsonSerializer.Serialize(task, CliJson.Compact.TaskView)
                    : $"{Words.Short(task.Id)}  {Words.Of(task)}  {task.Attempts}/{task.MaxAttempts}  {Plain.Line(Words.Repo(task.Repo))}  {Plain.Line(task.Summary)}";
                if (said.GetValueOrDefault(task.Id) == line) continue;
                said[task.Id] = line;
                Terminal.Line(line);
            }
        }
    }

    private static bool IsOld(TaskView task, TimeSpan? age, DateTimeOffset now) => age is null || now - task.CreatedAt > age;

    private static string Nothing(TaskQuery query, TimeSpan? age) =>
        query is { Status: null, Repo: null, Owner: null } && age is null ? "No tasks yet. Start one: ampx start owner/name \"Fix the flaky login test\"" : "No tasks match.";

    private static void CheckStatuses(string? list)
    {
        var known = Enum.GetValues<Core.Tasks.Status>().Select(AmpxJson.Word).ToArray();
        foreach (var word in list?.Split(',') ?? [])
        {
            if (!known.Contains(word.Trim().ToLowerInvariant())) throw CliError.Usage($"--status '{word}' is none.", $"There are: {string.Join(' ', known)}");
        }
    }
}
