using System.Collections.Immutable;
using System.Globalization;
using Ampx.FakeGitHub.Repositories;
using CliWrap;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>Runs one job's steps, for real, in a clean checkout.</summary>
internal sealed class JobRunner(
    Site site, Repository repository, WorkflowRun run, WorkflowFile file, Trigger trigger, JobPlan plan, Job job)
{
    private readonly Dictionary<string, string> environment = [];
    private readonly List<string> paths = [];
    private string folder = "";

    private string Workspace => Path.Combine(folder, repository.Name);

    private string Sha => trigger.CheckoutSha ?? trigger.Sha;

    /// <summary>What an expression's name stands for; null where the fake doesn't know it.</summary>
    public string? Value(string name) => name.Split('.', 2) switch
    {
        ["matrix", var key] => plan.Matrix.GetValueOrDefault(key),
        ["env", var key] => environment.GetValueOrDefault(key),
        ["runner", "os"] => "Linux",
        ["github", var key] => GitHubValue(key),
        _ => null,
    };

    /// <summary>Runs it; how it ends stands in the job. Cancelling ends its processes.</summary>
    public async Task Run(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(plan.Timeout);
        folder = Path.Combine(site.Root, "jobs", job.Id.ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(folder);
        var log = job.Log = new JobLog(site.Time);
        var steps = plan.Steps.Select((step, index) => (Plan: step, Step: new Step { Number = index + 2, Name = Expressions.Fill(step.Name, Value) })).ToList();
        var setUp = new Step { Number = 1, Name = "Set up job" };
        var last = new Step { Number = (steps.Count * 2) + 1, Name = "Complete job" };
        job.Steps = [setUp, .. steps.Select(entry => entry.Step), last];
        job.Begin(site.Now);
        var failed = false;
        try
        {
            Begin(setUp);
            log.Write("Current runner version: '2.328.0'");
            log.Write("##[group]Operating System");
            log.Write("Ubuntu");
            log.Write("##[endgroup]");
            Merge(file.Env, plan.Env);
            await CheckOut();
            log.Write($"Complete job name: {job.Name}");
            End(setUp, "success");

            foreach (var (step, shown) in steps)
            {
                if (!Expressions.Holds(step.If, failed, Value))
                {
                    End(shown, "skipped");
                    continue;
                }

                Begin(shown);
                var ok = step.Uses is { } action ? Pass(log, action) : await Execute(log, step, shown.Number, limit.Token);
                End(shown, ok ? "success" : "failure");
                failed |= !ok && !step.ContinueOnError;
            }

            Begin(last);
            log.Write("Cleaning up orphan processes");
            End(last, "success");
            job.Complete(failed ? "failure" : "success", site.Now);
        }
        catch (OperationCanceledException)
        {
            job.Annotations = stop.IsCancellationRequested
                ? ["The operation was canceled."]
                : [$"The job has exceeded the maximum execution time of {plan.Timeout.TotalMinutes:0.##}m", "The operation was canceled."];
            foreach (var words in job.Annotations) log.Write($"##[error]{words}");
            foreach (var step in job.Steps.Where(step => step.Status != "completed")) End(step, step.Status == "in_progress" ? "cancelled" : "skipped");
            job.Complete("cancelled", site.Now); // a job's time-out shows as cancelled too
        }
        finally
        {
            Folders.Delete(folder);
        }
    }

    private static bool Pass(JobLog log, string action)
    {
        log.Write($"##[group]Run {action}");
        log.Write("##[endgroup]");
        return true;
    }

    private async Task<bool> Execute(JobLog log, StepPlan step, int number, CancellationToken stop)
    {
        var script = Expressions.Fill(step.Run!, Value);
        var shell = step.Shell ?? "bash";
        var path = Path.Combine(folder, $"step-{number}.sh");
        await File.WriteAllTextAsync(path, script, stop);
        var (program, arguments) = shell switch
        {
            "sh" => ("sh", new[] { "-e", path }),
            "python" => ("python3", [path]),
            _ => ("bash", step.Shell is null ? ["-e", path] : ["--noprofile", "--norc", "-eo", "pipefail", path]),
        };

        log.Write($"##[group]Run {script.Split('\n')[0]}");
        foreach (var line in script.TrimEnd('\n').Split('\n')) log.Write($"\u001b[36;1m{line}\u001b[0m");
        log.Write($"shell: /usr/bin/{program} {string.Join(' ', arguments[..^1])} {{0}}");
        log.Write("##[endgroup]");

        var result = await Cli.Wrap(program).WithArguments(arguments)
            .WithWorkingDirectory(Path.Combine(Workspace, step.WorkingDirectory ?? plan.WorkingDirectory ?? ""))
            .WithEnvironmentVariables(StepEnvironment(step))
            .WithStandardOutputPipe(PipeTarget.ToDelegate(log.Write))
            .WithStandardErrorPipe(PipeTarget.ToDelegate(log.Write))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(stop);
        await TakeCommandFiles(stop);
        if (result.ExitCode != 0) log.Write($"##[error]Process completed with exit code {result.ExitCode}.");
        return result.ExitCode == 0;
    }

    private async Task CheckOut()
    {
        await repository.Git.Run("clone", "--quiet", "--shared", "--no-checkout", repository.Git.Folder, Workspace);
        await new BareGit(Workspace).Run("checkout", "--quiet", "--force", "--detach", Sha);
        foreach (var name in (string[])["env", "path", "output", "summary"]) await File.WriteAllTextAsync(Path.Combine(folder, name), "");
    }

    /// <summary>What a step wrote to GITHUB_ENV and GITHUB_PATH holds for the next.</summary>
    private async Task TakeCommandFiles(CancellationToken stop)
    {
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(folder, "env"), stop))
        {
            if (line.Split('=', 2) is [var name, var value]) environment[name] = value;
        }

        paths.AddRange(await File.ReadAllLinesAsync(Path.Combine(folder, "path"), stop));
        await File.WriteAllTextAsync(Path.Combine(folder, "path"), "", stop);
    }

    private Dictionary<string, string?> StepEnvironment(StepPlan step)
    {
        var all = new Dictionary<string, string?>(BareGit.CleanEnvironment);
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsCallersOwn)) all[name] = null;
        foreach (var (name, value) in environment) all[name] = value;
        foreach (var (name, value) in step.Env) all[name] = Expressions.Fill(value, Value);
        (string Name, string? Value)[] own =
        [
            ("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_SHA", Sha), ("GITHUB_REF", trigger.Ref), ("GITHUB_REF_NAME", GitHubValue("ref_name")),
            ("GITHUB_HEAD_REF", GitHubValue("head_ref")), ("GITHUB_BASE_REF", trigger.BaseBranch ?? ""), ("GITHUB_EVENT_NAME", trigger.Event),
            ("GITHUB_REPOSITORY", repository.FullName), ("GITHUB_WORKFLOW", file.Name), ("GITHUB_JOB", plan.Id), ("GITHUB_ACTOR", run.Actor),
            ("GITHUB_RUN_ID", GitHubValue("run_id")), ("GITHUB_RUN_NUMBER", GitHubValue("run_number")),
            ("GITHUB_RUN_ATTEMPT", GitHubValue("run_attempt")), ("GITHUB_SERVER_URL", site.WebUrl.TrimEnd('/')), ("GITHUB_API_URL", site.ApiUrl.TrimEnd('/')),
            ("GITHUB_WORKSPACE", Workspace), ("GITHUB_ENV", Path.Combine(folder, "env")), ("GITHUB_PATH", Path.Combine(folder, "path")),
            ("GITHUB_OUTPUT", Path.Combine(folder, "output")), ("GITHUB_STEP_SUMMARY", Path.Combine(folder, "summary")),
            ("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64"), ("RUNNER_TEMP", folder), ("RUNNER_NAME", job.RunnerName),
        ];
        foreach (var (name, value) in own) all[name] = value;
        if (paths.Count > 0) all["PATH"] = $"{string.Join(':', paths)}:{Environment.GetEnvironmentVariable("PATH")}";
        return all;
    }

    /// <summary>Variables of the process around us that no runner would have.</summary>
    private static bool IsCallersOwn(string name) =>
        name is "GH_TOKEN" or "GITHUB_TOKEN" || name.StartsWith("AMP_", StringComparison.Ordinal) || name.StartsWith("Ampx", StringComparison.OrdinalIgnoreCase);

    private string? GitHubValue(string key) => key switch
    {
        "sha" => Sha,
        "ref" => trigger.Ref,
        "ref_name" => trigger.Pull is { } pull ? $"{pull.Number}/merge" : trigger.Branch,
        "head_ref" => trigger.Pull is null ? "" : trigger.Branch,
        "base_ref" => trigger.BaseBranch ?? "",
        "event_name" => trigger.Event,
        "event.pull_request.draft" => trigger.Pull is { Draft: true } ? "true" : "false",
        "repository" => repository.FullName,
        "workflow" => file.Name,
        "workspace" => Workspace,
        "job" => plan.Id,
        "actor" => run.Actor,
        "run_id" => run.Id.ToString(CultureInfo.InvariantCulture),
        "run_number" => run.RunNumber.ToString(CultureInfo.InvariantCulture),
        "run_attempt" => run.RunAttempt.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private void Merge(params ImmutableDictionary<string, string>[] layers)
    {
        foreach (var layer in layers)
            foreach (var (name, value) in layer) environment[name] = Expressions.Fill(value, Value);
    }

    private void Begin(Step step) => (step.Status, step.StartedAt) = ("in_progress", site.Now);

    private void End(Step step, string conclusion)
    {
        (step.Conclusion, step.CompletedAt, step.Status) = (conclusion, site.Now, "completed");
        step.StartedAt ??= site.Now;
    }
}
