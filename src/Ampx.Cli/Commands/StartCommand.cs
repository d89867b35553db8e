using System.Text;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class StartCommand(Interrupt interrupt)
{
    private const int LongestInstruction = 32 * 1024;

    [Command("start", Description = "Start a task: ampx start owner/name \"Fix the flaky login test\"")]
    [Details("The task starts from what is pushed. GitHub's workflows judge it; a local repository needs --ci, or 'ci:' in its .ampx.yml.")]
    [Example("ampx start acme/shop \"Fix the flaky login test\"", "A GitHub repository")]
    [Example("ampx start \"Fix the flaky login test\"", "The origin of the checkout that you stand in")]
    [Example("ampx start . \"Fix the tests\" --ci \"make test\" --wait", "A local repository, CI as a command; exit 1 if it ends in anything but success")]
    [Example("ampx start acme/shop --issue 12 --auto-merge", "From an issue all the way to the base branch")]
    [Example("ampx start acme/shop --task - < instruction.md", "A long instruction")]
    public async Task<int> Start(
        [Argument("repo", Description = "Repository, if not given by --repo")] string? first = null,
        [Argument("task", Description = "What to do, if not given by --task")] string? second = null,
        [Option("repo", Description = "owner/name, a URL, or a local path; without it the origin of the current checkout", ValueName = "R")] string? repo = null,
        [Option("task", Description = "What to do; - reads it from stdin", ValueName = "TEXT")] string? task = null,
        [Option("issue", Description = "Number of the GitHub issue to resolve; its text is the instruction, beside TASK if given", ValueName = "N")] int? issue = null,
        [Option("base", Description = "Branch to start from and merge into", ValueName = "B")] string? baseBranch = null,
        [Option("agent", Description = "Agent profile", ValueName = "A")] string? agent = null,
        [Option("max-attempts", Description = "Agent runs until a person has to look", ValueName = "N")] int? maxAttempts = null,
        [Option("max-tokens", Description = "Tokens that the task may use in all", ValueName = "N")] long? maxTokens = null,
        [Option("max-time", Description = "Time that the task may use in all, like 90m", ValueName = "T")] string? maxTime = null,
        [Option("ci", Description = "CI command of a local repository", ValueName = "CMD")] string? ci = null,
        [Option("draft", Description = "Leave the pull request a draft")] bool draft = false,
        [Option("auto-merge", Description = "Merge it when CI is green, as soon as the forge's rules allow")] bool autoMerge = false,
        [Option("wait", ['w'], Description = "Wait for the end; exit 1 if it isn't success")] bool wait = false,
        GlobalOptions options = null!)
    {
        var (where, what) = Sort(first, second, repo, task, issue is not null);
        if (what is null && issue is null) throw CliError.Usage("What should be done?", "ampx start owner/name \"Fix the flaky login test\"");
        var prompt = what is null ? null : await Instruction(what, interrupt.Token);
        using var ampx = Session.Open(options);
        where ??= await Checkout(ampx.Terminal);
        var started = await ampx.Client.Start(
            new StartTask(FullPath(where), prompt, baseBranch, agent, maxAttempts, maxTokens, maxTime is null ? null : Times.Parse(maxTime, "--max-time"), ci, draft, issue, autoMerge),
            interrupt.Token);
        return wait ? await Ending.Of(ampx, started, interrupt) : Print(ampx.Terminal, started);
    }

    private static int Print(Terminal terminal, TaskView task)
    {
        if (terminal.JsonOnly)
        {
            Terminal.Json(task, json => json.TaskView);
            return ExitCode.Done;
        }

        var id = Words.Short(task.Id);
        Terminal.Line($"{Terminal.Paint(id, "1", terminal.Colour)}  {Words.Of(task)} on branch {task.Branch}");
        Terminal.Line($"        follow it: ampx logs -f {id}    wait for it: ampx wait {id}");
        return ExitCode.Done;
    }

    /// <summary>Which of the two words is the repository: both given, or the one whose option is missing.</summary>
    internal static (string? Repo, string? Task) Sort(string? first, string? second, string? repo, string? task, bool issue = false) => (first, second, repo, task) switch
    {
        (null, _, _, _) => (repo, task),
        (_, not null, null, null) => (first, second),
        (_, null, null, not null) => (first, task),
        (_, null, not null, null) => (repo, first),
        (_, null, null, null) when first.Any(char.IsWhiteSpace) => (null, first),
        (_, null, null, null) when issue => (first, null),
        (_, null, null, null) => throw CliError.Usage($"What should be done in '{first}'?", $"ampx start {first} \"Fix the flaky login test\""),
        _ => throw CliError.Usage("Repository or task is given twice.", "Give each once, as an option or by its place."),
    };

    /// <summary>A path means the caller's folder, not the service's.</summary>
    internal static string FullPath(string repo)
    {
        if (repo == "~" || repo.StartsWith("~/", StringComparison.Ordinal)) return Path.GetFullPath(Path.Combine(Folders.Real.Home, repo[1..].TrimStart('/')));
        return repo is "." or ".." || repo.StartsWith('/') || repo.StartsWith("./", StringComparison.Ordinal) || repo.StartsWith("../", StringComparison.Ordinal)
            ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(repo))
            : repo;
    }

    /// <summary>The words themselves, or stdin's for <c>-</c>.</summary>
    internal static async Task<string> Instruction(string text, CancellationToken cancel)
    {
        if (text != "-") return Sized(text);
        if (!Console.IsInputRedirected) Terminal.Say("Write the instruction; Ctrl+D on an empty line ends it.");
        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        // Off this thread: a terminal's read hears no cancellation.
        var read = (await Task.Run(input.ReadToEnd, cancel).WaitAsync(cancel)).Trim();
        return read.Length > 0 ? Sized(read) : throw CliError.Usage("The instruction on stdin is empty.");
    }

    // The service would say so too, but hangs up on a body of megabytes before it is sent.
    private static string Sized(string instruction) => Encoding.UTF8.GetByteCount(instruction) is var bytes and > LongestInstruction
        ? throw CliError.Usage($"The instruction has {bytes / 1024.0:0.#} KiB; {LongestInstruction / 1024} KiB is the most.", "Put the rest into a file of the repository and name it in the instruction.")
        : instruction;

    private async Task<string> Checkout(Terminal terminal)
    {
        var checkout = await GitCheckout.Read(Environment.CurrentDirectory, interrupt.Token)
            ?? throw CliError.Usage("No repository given, and this folder is no git checkout with a remote 'origin'.", "Name one: ampx start owner/name \"…\", or --repo /path/to/repo.");
        foreach (var unseen in checkout.Unseen) terminal.Warn(unseen);
        return checkout.Origin;
    }
}

/// <summary>How a command with <c>--wait</c> ends.</summary>
internal static class Ending
{
    public static async Task<int> Of(Session ampx, TaskView task, Interrupt interrupt)
    {
        var id = Words.Short(task.Id);
        interrupt.Parting = $"Task {id} goes on. Wait again with 'ampx wait {id}', stop it with 'ampx abort {id}'.";
        if (!ampx.Terminal.JsonOnly) Terminal.Say($"{id}  on branch {task.Branch}");
        var ended = await new WaitView(ampx.Terminal, ampx.Watch, ampx.Clock).Until(task.Id, interrupt.Token);
        if (ampx.Terminal.JsonOnly) Terminal.Json(ended, json => json.TaskView);
        else Terminal.Line(WaitView.Ending(ended, ampx.Terminal.Colour));
        return WaitView.Exit(ended);
    }
}
