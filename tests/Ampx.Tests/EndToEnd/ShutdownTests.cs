using System.Diagnostics;
using System.Globalization;
using Ampx.Cli;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>SIGTERM ends the service within ten seconds, whatever is under way (a hanging clone and a silent GitHub: <c>Grains/StopTests</c>), and nothing is lost by it.</summary>
public sealed class ShutdownTests
{
    private const int Agents = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Prints numbered lines until it may end; notes its pid and how many they were.</summary>
    private static string Printer(Stage stage) => $$"""
        echo $$ >> {{stage.Root}}/pids
        i=0
        while [ ! -e {{stage.Root}}/go ]; do
            for five in 1 2 3 4 5; do i=$((i+1)); echo "line $i"; done
            sleep 0.1
        done
        echo $i > count
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_twenty_agents_print_and_somebody_follows_them(bool stopAgents)
    {
        await using var stage = new Stage();
        stage.Agent("printer", Printer(stage));
        stage.Environment["Ampx__Workers__Slots"] = $"{Agents}";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var tasks = new List<string>();
        for (var n = 1; n <= Agents; n++) tasks.Add((await stage.Create(new { repo, prompt = $"Print {n}", agent = "printer", ci = "true" })).Id);
        await Stage.Until(() => Task.FromResult(Pids(stage).Length == Agents), "all agents run");
        using var http = await Client(stage);
        using var follower = await http.GetAsync($"tasks/{tasks[0]}/logs/stream", HttpCompletionOption.ResponseHeadersRead);
        using var list = await http.GetAsync("tasks/stream", HttpCompletionOption.ResponseHeadersRead);
        using var heard = new StreamReader(await follower.Content.ReadAsStreamAsync());
        Assert.NotNull(await heard.ReadLineAsync());

        var took = await Terminated(stage, stopAgents ? Interrupt.StopAll : Native.SIGTERM);
        Assert.InRange(took, TimeSpan.Zero, Limit);
        TestContext.Current.SendDiagnosticMessage("{0} agents, two followers, {1}: ended in {2:0.00} s", Agents, stopAgents ? "agents stopped" : "agents left", took.TotalSeconds);
        Assert.Equal(stopAgents ? 0 : Agents, Pids(stage).Count(pid => Directory.Exists($"/proc/{pid}")));

        await stage.Up();
        await Stage.Until(() => Task.FromResult(Pids(stage).Length == (stopAgents ? 2 * Agents : Agents)), "they are at work again");
        await File.WriteAllTextAsync(Path.Combine(stage.Root, "go"), "");
        foreach (var id in tasks)
        {
            var task = await stage.Ended(id);
            Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        }
    }

    [Fact]
    public async Task While_the_disk_is_full()
    {
        await using var stage = new Stage();
        Directory.CreateDirectory(stage.Data);
        await using var disk = await Mount.Tmpfs(stage.Data, "200m");
        Assert.SkipUnless(disk is not null, "this user may not mount");
        stage.Agent("printer", Printer(stage));
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Print", "--agent", "printer", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(Path.Combine(stage.Root, "pids"))), "the agent runs");
        var filler = Path.Combine(stage.Data, "filler");
        await Fill(filler);
        // Something that can't be stored is under way.
        Assert.NotEqual(0, (await stage.Ampx("start", "--repo", repo, "--task", "Print more", "--agent", "printer", "--ci", "true")).Code);

        var took = await Terminated(stage, Native.SIGTERM);
        Assert.InRange(took, TimeSpan.Zero, Limit);
        TestContext.Current.SendDiagnosticMessage("disk full: ended in {0:0.00} s", took.TotalSeconds);
        File.Delete(filler);
        await stage.Up();
        await File.WriteAllTextAsync(Path.Combine(stage.Root, "go"), "");
        var task = await stage.Ended(id);
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        Assert.Single(Pids(stage));
    }

    /// <summary>Sends the service a signal: SIGTERM, or SIGUSR1, which is how <c>down --stop-agents</c> says it.</summary>
    private static async Task<TimeSpan> Terminated(Stage stage, int signal)
    {
        using var service = Process.GetProcessById(stage.ServicePid);
        var since = Stopwatch.GetTimestamp();
        Assert.Equal(0, Native.kill(service.Id, signal));
        await service.WaitForExitAsync().WaitAsync(Stage.Patience);
        return Stopwatch.GetElapsedTime(since);
    }

    private static async Task<HttpClient> Client(Stage stage)
    {
        var http = new HttpClient { BaseAddress = new Uri($"{ServiceFile.Read(stage.Data)!.Url}/api/v1/") };
        http.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(stage.Data, "token"))).Trim());
        return http;
    }

    private static async Task Fill(string file)
    {
        var block = new byte[1 << 20];
        await using var filler = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true) await filler.WriteAsync(block);
        }
        catch (IOException)
        {
            // Full, which was the wish; the last kilobytes go the same way.
        }

        try
        {
            while (true) await filler.WriteAsync(block.AsMemory(0, 512));
        }
        catch (IOException)
        {
            Assert.True(filler.Length > 0);
        }
    }

    private static string[] Pids(Stage stage) => File.Exists(Path.Combine(stage.Root, "pids")) ? [.. File.ReadAllLines(Path.Combine(stage.Root, "pids")).Where(line => int.TryParse(line, CultureInfo.InvariantCulture, out _))] : [];
}
