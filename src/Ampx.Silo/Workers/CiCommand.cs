using System.Collections.Immutable;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Ampx.Silo.Agents;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Agents.Sandboxes;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.Local;
using Ampx.Silo.Git;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage.Logs;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>CI of a plain git repository: its command, run like an agent in a clean checkout of the pushed commit.</summary>
public sealed class CiCommand(
    Forges.Forges forges, Mirrors mirrors, Changes changes, AgentRuns runs, AgentProfiles profiles, Sandbox sandbox, RunOutput output, LogWriter logs, DataFolder folder,
    IOptions<CiOptions> options)
{
    /// <summary>Runs the command, or goes on with it: <see cref="CiCommandEnded"/>.</summary>
    public async Task<TaskEvent> Run(TaskState task, CancellationToken cancel)
    {
        var runId = task.Run!.RunId;
        var repo = forges.Parse(task);
        var remote = await forges.Of(repo).Remote(repo, cancel);
        // Another machine may have pushed the commit.
        if (!await mirrors.Has(remote, task.HeadSha!, cancel)) await mirrors.Fetch(remote, cancel);
        var yaml = task.CiCommand is null ? await changes.ReadFile(remote, task.BaseSha!, AmpxYaml.FileName, cancel: cancel) : null;
        var command = task.CiCommand ?? AmpxYaml.Ci(yaml);
        if (command is null) return Ended("ci", null, ErrorCodes.CiNotConfigured, AmpxYaml.WhyNone(yaml));
        if (runs.Folder(runId).State is RunState.NotStarted)
        {
            Remove(runId);
            await changes.CheckOutClean(remote, task.HeadSha!, Checkout(runId), cancel);
            logs.Write(task.Id, task.Attempt?.Number ?? 0, "system", $"CI on {task.HeadSha![..10]}: {command}");
            // What the agent has written is as little to be trusted as the agent.
            var rules = profiles.Find(task.Agent)?.Sandbox ?? SandboxRules.Default;
            var place = new SandboxPlace(runId, Checkout(runId), mirrors.PathOf(remote), task.Owner, repo.Key);
            await runs.Start(Spec(task, runId, command).In(call => sandbox.Around(call, rules, place)), "", cancel);
        }

        var end = await output.Follow(task, runId, "ci", null, cancel);
        // In the log's last lines, which the next run of the agent is told.
        if (end is { Reason: RunReason.OverLimit })
        {
            logs.Write(task.Id, task.Attempt?.Number ?? 0, "ci", $"error: '{command}' was ended: {end.Detail}");
            await logs.Flush(cancel);
        }

        return end switch
        {
            null => new WorkerLost($"the supervisor of CI run {runId} is gone"),
            { Reason: RunReason.Stopped or RunReason.LeaseEnded } => new WorkerLost($"CI run {runId} was ended, and not by its command: {end.Detail}"),
            { Reason: RunReason.TimedOut } => Ended(command, "timed_out", ErrorCodes.CiTimeout, $"'{command}' didn't end within {options.Value.Timeout:c}"),
            { Reason: RunReason.NotStarted } => Ended(command, "startup_failure", ErrorCodes.CiInfrastructure, end.Detail ?? $"'{command}' couldn't be started"),
            { Code: 0 } => Ended(command, "success", null, null),
            _ => Ended(command, "failure", null, null),
        };
    }

    /// <summary>What a stopped run printed since it was looked at last.</summary>
    public Task ReadRest(TaskState task, CancellationToken cancel) => output.Follow(task, task.Run!.RunId, "ci", null, cancel);

    /// <summary>Removes the checkout of a run that is over.</summary>
    public void Remove(string runId) => Changes.Remove(Checkout(runId));

    /// <summary>Removes the checkouts of all other runs: a crash may have left one that no run was begun in.</summary>
    public void RemoveAllBut(IReadOnlySet<string> runIds)
    {
        if (!Directory.Exists(folder.In("ci"))) return;
        foreach (var left in Directory.EnumerateDirectories(folder.In("ci")).Select(path => Path.GetFileName(path).Split('.')[0]).Distinct().Where(id => !runIds.Contains(id)).ToList())
            Remove(left);
    }

    private string Checkout(string runId) => folder.In("ci", runId);

    private RunSpec Spec(TaskState task, string runId, string command)
    {
        // A CI command is a line for a shell, as `run:` is in a workflow; nothing of ours is put into it.
        var allowed = AgentEnvironment.For(new AgentOptions { Kind = AgentKind.Command }, AgentEnvironment.OfService());
        var environment = new Dictionary<string, string>(allowed) { ["CI"] = "true" };
        return new RunSpec
        {
            RunId = runId,
            TaskId = task.Id,
            Step = task.Step,
            Kind = "ci",
            Command = "/bin/sh",
            Arguments = ["-c", command],
            WorkingDirectory = Checkout(runId),
            Environment = environment,
            Timeout = options.Value.Timeout,
        };
    }

    private static CiCommandEnded Ended(string command, string? conclusion, string? code, string? detail)
    {
        var failed = conclusion is "success" ? null : command;
        var run = new CiRun(0, command, null, conclusion, [new CiJob("ci", conclusion, failed, null)]);
        ImmutableArray<CiRun> all = conclusion is null ? [] : [run];
        return new CiCommandEnded(new CiReport(code ?? (conclusion is "success" ? "green" : "red"), all), code, detail);
    }
}
