using System.Diagnostics;
using Ampx.Runs;
using Ampx.Silo.Agents;
using Ampx.Silo.Agents.Runs;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>A data folder with real supervisors and the stand-in agent; whatever runs at the end is stopped.</summary>
public sealed class RunsOnDisk : IAsyncDisposable
{
    private static readonly SupervisorProgram s_supervisor = new(Directory.CreateTempSubdirectory("ampx-bin-").FullName);

    public RunsOnDisk() => Runs = Another();

    public string Data { get; } = Directory.CreateTempSubdirectory("ampx-runs-").FullName;
    public AgentRuns Runs { get; }

    // Of its own in each test: a run's processes are found by it on the whole machine.
    public string First { get; } = $"run-1-{Guid.NewGuid():N}";
    public string Second { get; } = $"run-2-{Guid.NewGuid():N}";

    /// <summary>What a restarted service would have.</summary>
    public AgentRuns Another(bool leased = false) => new(Data, s_supervisor, TimeProvider.System, new RunLease(leased));

    public static string Supervisor => s_supervisor.Path;
    public static string FakeAmp => Path.Combine(AppContext.BaseDirectory, "fake-amp");
    public string AgentHome => Path.Combine(Data, "fake-amp");
    public string Work => Directory.CreateDirectory(Path.Combine(Data, "work")).FullName;

    public AgentOptions Agent => new()
    {
        Command = FakeAmp,
        Environment = { ["FAKE_AMP_HOME"] = AgentHome, ["AMP_API_KEY"] = "k", ["DOTNET_ROOT"] = Path.GetFullPath("../../..", System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory()) },
    };

    public IReadOnlyDictionary<string, string> EnvironmentFor(AgentOptions agent) => AgentEnvironment.For(agent, AgentEnvironment.OfService());

    public async Task<RunSpec> AmpSpec(string? runId = null, string? thread = null)
    {
        var agent = Agent;
        var environment = EnvironmentFor(agent);
        thread ??= Assert.IsType<AmpThread.Created>(await AmpThreads.Create(agent, Work, environment, default)).Id;
        return AgentCommand.For(agent, new AgentJob(runId ?? First, "task-1", 1, Work), thread, environment);
    }

    public RunSpec Shell(string script, string? runId = null) => new()
    {
        RunId = runId ?? First,
        TaskId = "task-1",
        Step = 1,
        Kind = "ci",
        Command = "sh",
        Arguments = ["-c", script],
        WorkingDirectory = Work,
        Environment = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH")! },
        Timeout = TimeSpan.FromMinutes(1),
    };

    public async Task<RunExit> RunToItsEnd(RunSpec spec, string stdin = "")
    {
        await Runs.Start(spec, stdin);
        return await EndOf(spec.RunId);
    }

    public async Task<RunExit> EndOf(string runId)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return Assert.IsType<RunExit>(await Runs.WaitForExit(runId, limit.Token));
    }

    public string Out(string? runId = null) => File.Exists(Runs.Folder(runId ?? First).OutPath) ? File.ReadAllText(Runs.Folder(runId ?? First).OutPath) : "";

    public static async Task Until(Func<bool> condition, string what)
    {
        for (var since = Stopwatch.StartNew(); !condition(); await Task.Delay(10))
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(20), $"waited in vain until {what}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var run in Runs.All())
        {
            if (run.State is RunState.Running)
            {
                Runs.RequestStop(run.RunId, "the test is over");
                await EndOf(run.RunId);
            }
            Runs.KillLeftovers(run.RunId);
        }

        await Until(IsDeleted, "no supervisor that came too late writes into the folder any more");
    }

    private bool IsDeleted()
    {
        try
        {
            Directory.Delete(Data, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
