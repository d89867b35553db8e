using System.Diagnostics;
using System.Globalization;
using System.Net;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Several real processes on one PostgreSQL database.</summary>
public sealed class ClusterTests : IAsyncDisposable
{
    private const int Lines = 200;

    private readonly ClusterStage cluster = new();
    private readonly string folder = Directory.CreateTempSubdirectory("ampx-cluster-").FullName;

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_task_started_through_one_gateway_is_followed_through_the_other()
    {
        cluster.Agent("talker", folder, $"for n in $(seq {Lines}); do echo \"line $n\"; [ $((n % 20)) -ne 0 ] || sleep 0.2; done; echo 42 > answer");
        var (a, b) = (cluster.Machine(), cluster.Machine());
        var repo = await a.Repository("answer", ("README.md", "An answer."));
        await Task.WhenAll(a.Up(), b.Up());

        var tasks = new List<TaskView>();
        for (var n = 0; n < 3; n++) tasks.Add(await a.Start(repo, "Write the answer", "--agent", "talker", "--ci", "test \"$(cat answer)\" = 42"));
        var follow = await b.Ampx("logs", tasks[0].Id, "--follow", "--source", "agent", "--json");
        Assert.True(follow.Code == 0, follow.Err);
        var said = follow.Out.Split('\n').Select(line => line.Split("\"line ") is [_, var rest] ? rest.Split('"')[0] : null).OfType<string>();
        Assert.Equal(Enumerable.Range(1, Lines).Select(n => $"{n}"), said);
        foreach (var task in tasks)
        {
            var seen = await b.Ended(task.Id);
            Assert.Equal((Status.Success, 1), (seen.Status, seen.Attempts));
        }

        Assert.Equal(3, (await b.Get<TaskList>("tasks")).Tasks.Count);
        Assert.Contains("+42", (await b.Ampx("diff", tasks[0].Id)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_alone_waits_for_silos_and_serves_with_them()
    {
        cluster.Agent("right", folder, "echo 42 > answer");
        var gateway = cluster.Machine("gateway");
        var repo = await gateway.Repository("answer", ("README.md", "An answer."));
        await ClusterStage.Up(gateway, HttpStatusCode.ServiceUnavailable);
        var order = new { repo, prompt = "Write the answer", agent = "right", ci = "test \"$(cat answer)\" = 42" };
        var (status, problem) = await gateway.Post("tasks", order);
        Assert.Equal((503, "unavailable"), (status, problem.Code));
        Assert.Empty((await gateway.Get<TaskList>("tasks")).Tasks); // Read off the database itself.

        var (a, b) = (cluster.Machine("silo"), cluster.Machine("silo"));
        await Task.WhenAll(ClusterStage.Up(a), ClusterStage.Up(b));
        using (var none = await a.Look("/api/v1/tasks")) Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        await Stage.Until(async () =>
        {
            using var answer = await gateway.Look("/health/ready");
            return answer.IsSuccessStatusCode;
        }, "the gateway has found the silos");

        var task = await gateway.Ended((await gateway.Create(order)).Id);
        Assert.Equal(Status.Success, task.Status);
        Assert.Contains("+42", (await gateway.Ampx("diff", task.Id)).Out, StringComparison.Ordinal);
        Assert.Contains(await DoctorChecks(gateway), check => check is { Name: "git", Ok: true });
        Assert.Equal((422, ErrorCodes.AgentNotFound), await Refusal(gateway, order with { agent = "nobody" }));

        await a.Kill();
        Assert.Equal(Status.Success, (await gateway.Ended((await CreateInTheEnd(gateway, order)).Id)).Status);
        Assert.InRange(await gateway.Terminate(), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Three_silos_are_restarted_one_after_the_other_while_agents_work()
    {
        cluster.Agent("slow", folder, $"cat > /dev/null; echo started >> {folder}/started; sleep 8; echo 42 > answer").With("Ampx__Workers__Slots", "2");
        Stage[] machines = [cluster.Machine(), cluster.Machine(), cluster.Machine()];
        var repo = await machines[0].Repository("answer", ("README.md", "An answer."));
        await Task.WhenAll(machines.Select(machine => machine.Up()));
        var tasks = new List<TaskView>();
        for (var n = 0; n < 9; n++) tasks.Add(await machines[n % 3].Create(new { repo, prompt = $"Write the answer {n}", agent = "slow", ci = "test \"$(cat answer)\" = 42" }));
        await Stage.Until(() => Task.FromResult(File.Exists(Path.Combine(folder, "started")) && File.ReadAllLines(Path.Combine(folder, "started")).Length == 6), "six agents work");

        foreach (var machine in machines)
        {
            Assert.InRange(await machine.Terminate(), TimeSpan.Zero, TimeSpan.FromSeconds(10));
            await machine.Up();
        }

        foreach (var task in tasks)
        {
            var ended = await machines[0].Ended(task.Id);
            Assert.True((Status.Success, 1) == (ended.Status, ended.Attempts), $"{ended.Status} after {ended.Attempts}: {ended.Summary}");
        }

        Assert.Equal(tasks.Count, File.ReadAllLines(Path.Combine(folder, "started")).Length);
    }

    [Fact]
    public async Task What_a_killed_silo_looked_after_goes_on_elsewhere()
    {
        var waits = TimeSpan.FromSeconds(5);
        cluster.Agent("second", folder, $"name={folder}/$(grep -o 'answer-[0-9]*' | head -1); if [ -e $name ]; then echo 42 > answer; else touch $name; exit 3; fi")
            .With("Ampx__Workers__Slots", "12").With("Ampx__Retry__BaseDelay", $"{waits:c}");
        Stage[] machines = [cluster.Machine(), cluster.Machine(), cluster.Machine()];
        var repo = await machines[0].Repository("answer", ("README.md", "An answer."));
        await Task.WhenAll(machines.Select(machine => machine.Up()));
        var tasks = await Task.WhenAll(Enumerable.Range(0, 12).Select(n => machines[1].Create(new { repo, prompt = $"answer-{n}", agent = "second", ci = "test \"$(cat answer)\" = 42" })));
        var waiting = await Task.WhenAll(tasks.Select(task => machines[1].Until(task.Id, now => now.Phase is Phase.BackingOff)));

        var killed = TimeProvider.System.GetUtcNow();
        await machines[0].Kill();
        var late = new List<double>();
        foreach (var before in waiting)
        {
            var ended = await machines[2].Ended(before.Id);
            Assert.Equal((Status.Success, 2), (ended.Status, ended.Attempts));
            var looked = (await machines[2].Get<Timeline>($"tasks/{before.Id}/timeline")).Entries.First(entry => entry.Seq > before.Version).Time;
            var due = before.NextWakeAt!.Value;
            if (looked > killed) late.Add((looked - (due > killed ? due : killed)).TotalSeconds);
        }

        late.Sort();
        var median = late.Count == 0 ? 0 : late[late.Count / 2];
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{late.Count} tasks looked at after the kill: median {median:0.0} s late, at most {late.LastOrDefault():0.0} s"));
        Assert.NotEmpty(late);
        Assert.InRange(median, 0, 15);
    }

    [Fact]
    public async Task Two_services_want_the_same_ports()
    {
        var (a, b) = (cluster.Machine(), cluster.Machine());
        await a.Up();
        b.Environment["Ampx__Cluster__SiloPort"] = a.Environment["Ampx__Cluster__SiloPort"];
        var (code, _, errors) = await b.Ampx("up", "--port", "0", "--data", b.Data);
        Assert.Equal(1, code);
        Assert.Matches($"^ampx: Ampx:Cluster:SiloPort is {a.Environment["Ampx__Cluster__SiloPort"]}, but .* is in use by another process: [^\n]*\n$", errors);
    }

    private async Task<TaskView> CreateInTheEnd(Stage gateway, object order)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var (status, body) = await gateway.Send(HttpMethod.Post, "tasks", order);
            if (status is 201) return Stage.Read<TaskView>(body);
            Assert.True(status is 503 && Stopwatch.GetElapsedTime(since) < Stage.Patience, $"{status} {body}");
        }
    }

    private static async Task<IReadOnlyList<DoctorCheck>> DoctorChecks(Stage gateway) => (await gateway.Get<DoctorReport>("doctor")).Checks;

    private static async Task<(int, string)> Refusal(Stage gateway, object order)
    {
        var (status, problem) = await gateway.Post("tasks", order);
        return (status, problem.Code);
    }
}
