using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class StatsCommand(Interrupt interrupt)
{
    [Command("stats", Description = "Tasks by status, the queue, the workers and their slots")]
    [Example("ampx stats", "How busy it is")]
    [Example("ampx stats --json | jq .queue", "For a script")]
    public async Task<int> Stats(GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var stats = await ampx.Client.Stats(interrupt.Token);
        if (ampx.Terminal.JsonOnly)
        {
            Terminal.Json(stats, json => json.ServiceStats);
            return ExitCode.Done;
        }

        foreach (var line in StatsPage.Lines(stats, ampx.Now, ampx.Terminal.IsScreen ? Terminal.Width : int.MaxValue)) Terminal.Line(line);
        if (StatsPage.WhyNothingStarts(stats) is { } why) Terminal.Say(why);
        return ExitCode.Done;
    }
}

internal sealed class DrainCommand(Interrupt interrupt)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>A queue that moved to another machine hears of every worker again within this.</summary>
    private static readonly TimeSpan Unheard = TimeSpan.FromSeconds(30);

    [Command("drain", Description = "Give a worker no new runs until it restarts, and wait until those at work have ended")]
    [Details("Runs at work are carried to their ends, with commit and push. Ctrl+C leaves the worker draining; its restart opens it again.")]
    [Example("ampx drain", "The only worker; with several their names are told")]
    [Example("ampx drain worker-a && echo safe to stop", "Before maintenance of one machine")]
    public async Task<int> Drain([Argument("silo", Description = "The worker, as 'ampx stats' names it; without it the only one")] string? silo = null, GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var name = silo ?? await TheOnlyOne(ampx);
        var drain = await First(ampx, name);
        interrupt.Parting = $"{name} goes on draining until it restarts: no new runs; those at work go on.";
        Terminal.Say($"Draining {name}: {Runs(drain.Running)} at work");
        if (drain.Running > 0) drain = await Working.On(ampx.Terminal, "Runs that ended:", "runs", ended => Ended(ampx, drain, ended));
        if (ampx.Terminal.JsonOnly) Terminal.Json(drain, json => json.WorkerDrain);
        else Terminal.Line($"{name} is drained; it can be stopped.");
        return ExitCode.Done;
    }

    /// <summary>Waits until the last run has ended; <paramref name="ended"/> is told how many have.</summary>
    private async Task<WorkerDrain> Ended(Session ampx, WorkerDrain drain, HowFar ended)
    {
        var (name, all) = (drain.Name, drain.Running);
        var heard = ampx.Clock.GetTimestamp();
        while (drain.Running > 0)
        {
            all = Math.Max(all, drain.Running);
            ended(all - drain.Running, all);
            await Task.Delay(Pause, ampx.Clock, interrupt.Token);
            try
            {
                // Asked again rather than looked at: so a queue that has moved learns it too.
                var now = await ampx.Watch.Patiently(() => ampx.Client.Drain(name, interrupt.Token), interrupt.Token);
                if (now.Running != drain.Running && now.Running > 0 && !ampx.Terminal.CanRedrawTalk) Terminal.Say($"{Runs(now.Running)} at work");
                (drain, heard) = (now, ampx.Clock.GetTimestamp());
            }
            catch (CliError gone) when (gone.Problem.Status == 404 && ampx.Clock.GetElapsedTime(heard) < Unheard)
            {
                continue;
            }
            catch (CliError gone) when (gone.Problem.Status == 404)
            {
                throw CliError.Failed($"{name} has been silent for {Unheard.TotalSeconds:0} s with {Runs(drain.Running)} at work.", "If it was stopped, its agents wait under their supervisors for its next start.");
            }
        }

        return drain;
    }

    private async Task<WorkerDrain> First(Session ampx, string name)
    {
        try
        {
            return await ampx.Client.Drain(name, interrupt.Token);
        }
        catch (CliError unknown) when (unknown.Problem.Status == 404)
        {
            throw new CliError(ExitCode.WrongUsage, unknown.Problem, "'ampx stats' lists the workers.");
        }
    }

    private async Task<string> TheOnlyOne(Session ampx)
    {
        var workers = (await ampx.Client.Stats(interrupt.Token)).Workers;
        return workers.Count switch
        {
            1 => workers[0].Name,
            0 => throw CliError.Failed("No worker has been heard of lately.", "'ampx up' starts one; look at its log if it runs."),
            _ => throw CliError.Usage($"Which one? There are {workers.Count} workers: {string.Join(", ", workers.Select(worker => worker.Name))}", "Name it: ampx drain NAME"),
        };
    }

    private static string Runs(int count) => count == 1 ? "1 run" : $"{count} runs";
}
