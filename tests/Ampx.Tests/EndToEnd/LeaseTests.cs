using System.Diagnostics;
using System.Globalization;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Two machines; one of them dies, hangs, or is restarted, in the middle of an agent's run.</summary>
public sealed class LeaseTests : IAsyncLifetime
{
    /// <summary>The first one works until it is ended, or told to go home; whoever comes after it finds that and is done.</summary>
    private const string Script = """
        now() { cut -d' ' -f1 /proc/uptime; }
        echo "begins $$ $(now)" >> LOG
        i=0
        while [ "$(grep -c begins LOG)" = 1 ] && [ ! -e HOME ]; do
          i=$((i+1)); echo "line $i"; echo "works $$ $(now)" >> LOG; sleep 0.2
        done
        echo 42 > answer
        """;

    private readonly ClusterStage cluster = new();
    private readonly string folder = Directory.CreateTempSubdirectory("ampx-agents-").FullName;
    private string repo = "";

    private string Log => Path.Combine(folder, "log");

    public async ValueTask InitializeAsync()
    {
        // AMPX_LONG=1: with the settings as they come.
        if (Environment.GetEnvironmentVariable("AMPX_LONG") is not "1") cluster.With("Ampx__Workers__LeaseTime", "00:00:05");
        cluster.With("Ampx__Workers__RestartGrace", "00:01:00")
            .Agent("right", folder, Script.Replace("LOG", Log, StringComparison.Ordinal).Replace("HOME", Path.Combine(folder, "home"), StringComparison.Ordinal));
        await ClusterStage.Up(cluster.Machine());
        await ClusterStage.Up(cluster.Machine());
        repo = await cluster.Machines[0].Repository("answer", ("README.md", "An answer."));
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_run_of_a_killed_silo_goes_on_elsewhere_within_30_seconds_and_never_twice_at_once()
    {
        var (id, holder, other) = await AtWork();
        await holder.Kill();
        var since = Stopwatch.GetTimestamp();
        await Until(() => Begun().Count == 2, "the agent runs elsewhere");
        var took = Stopwatch.GetElapsedTime(since).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"silo killed → its agent's run begins elsewhere: {took:0.0} s"));
        Assert.InRange(took, 0, 30);
        await OnceAndAlone(id, other);
    }

    [Fact]
    public async Task A_silo_that_hangs_loses_its_runs_and_finds_nobody_who_listens_when_it_wakes_up()
    {
        var (id, holder, other) = await AtWork();
        await Signal("STOP", holder.ServicePid);
        try
        {
            await Until(() => Begun().Count == 2, "the agent runs elsewhere");
            await other.Ended(id);
        }
        finally
        {
            await Signal("CONT", holder.ServicePid);
        }

        // What it held is over for it, whether it finds that out itself or its next start does.
        await holder.Kill();
        await ClusterStage.Up(holder);
        await Until(() => Directory.GetDirectories(Path.Combine(holder.Data, "runs")).Length == 0, "nothing is left of the run");
        await OnceAndAlone(id, other);
    }

    [Fact]
    public async Task An_agent_goes_on_through_a_restart_in_order_and_not_a_line_is_lost()
    {
        var (id, holder, other) = await AtWork();
        Assert.Equal(0, (await holder.Ampx("down", "--data", holder.Data)).Code);
        var down = Uptime.Now;
        // Longer than the lease and all that others give on top.
        await Until(() => Times("works").LastOrDefault() is var (_, at) && at > down + TimeSpan.FromSeconds(15), "the agent has worked on");
        await ClusterStage.Up(holder);
        var up = Uptime.Now;
        await Until(() => Times("works").LastOrDefault() is var (_, at) && at > up + TimeSpan.FromSeconds(15), "the agent has worked on");
        await File.WriteAllTextAsync(Path.Combine(folder, "home"), "");
        var task = await other.Ended(id);
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        Assert.Single(Begun());
        Assert.Single(Times("works").Select(entry => entry.Pid).Distinct());
        var lines = (await other.Ampx("logs", id, "--source", "agent", "--tail", "5000")).Out.Split('\n').Where(line => line.Contains("line ", StringComparison.Ordinal)).ToList();
        Assert.Equal(Times("works").Count, lines.Count);
        Assert.Equal(lines.Count, lines.Select(line => line[line.IndexOf("line ", StringComparison.Ordinal)..]).Distinct().Count());
    }

    /// <summary>A task whose agent is at work, the machine that has it, and the other one.</summary>
    private async Task<(string Id, Stage Holder, Stage Other)> AtWork()
    {
        var id = (await cluster.Machines[0].Start(repo, "Write the answer", "--agent", "right", "--ci", "test \"$(cat answer)\" = 42")).Id;
        await Until(() => Times("works").Count > 0, "the agent is at work");
        var holder = cluster.Machines.Single(machine => Directory.Exists(Path.Combine(machine.Data, "runs")) && Directory.GetDirectories(Path.Combine(machine.Data, "runs")).Length > 0);
        return (id, holder, cluster.Machines.Single(machine => machine != holder));
    }

    private async Task OnceAndAlone(string id, Stage machine)
    {
        var task = await machine.Ended(id);
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        var begun = Begun();
        Assert.Equal(2, begun.Count);
        Assert.True(Times("works").Where(entry => entry.Pid == begun[0].Pid).Max(entry => entry.At) < begun[1].At, "two agents at once");
        Assert.Null(Processes.Find(begun[0].Pid));
        Assert.Equal("1", await machine.Git(repo, "rev-list", "--count", $"main..{task.Branch}"));
    }

    private List<(int Pid, TimeSpan At)> Begun() => Times("begins");

    private List<(int Pid, TimeSpan At)> Times(string word) => !File.Exists(Log) ? [] : [.. File.ReadAllLines(Log)
        .Select(line => line.Split(' ')).Where(line => line.Length == 3 && line[0] == word)
        .Select(line => (int.Parse(line[1], CultureInfo.InvariantCulture), TimeSpan.FromSeconds(double.Parse(line[2], CultureInfo.InvariantCulture))))];

    private static Task Until(Func<bool> condition, string what) => Stage.Until(() => Task.FromResult(condition()), what);

    private static async Task Signal(string name, int pid)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{pid}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }
}
