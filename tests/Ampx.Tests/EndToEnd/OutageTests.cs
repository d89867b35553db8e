using System.Diagnostics;
using System.Net.Http.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>PostgreSQL is away for a while, with work in flight and at the start.</summary>
public sealed class OutageTests(OutageStage stage) : IClassFixture<OutageStage>
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task A_database_that_is_started_again_stops_nobody_and_costs_no_work()
    {
        await stage.Lease(OutageStage.LongLease);
        var waiting = await stage.WaitingForCi();
        var (first, second) = await stage.TwoAtWork();
        var third = stage.Patient();
        var queued = await stage.Short.Create(third.Order);
        await stage.Short.Until(queued.Id, task => task.QueuePosition is 1);
        using var follower = stage.Long.Launch("logs", first.Task.Id, "--follow", "--source", "agent");
        var said = new List<string?> { await follower.StandardOutput.ReadLineAsync() };

        await using (await stage.Away())
            await Task.WhenAll(stage.Machines.Select(machine => AskAll(machine, waiting.Id, queued.Id)));
        var since = Stopwatch.GetTimestamp();
        await Task.WhenAll(stage.Machines.Select(OutageStage.Ready));
        TestContext.Current.SendDiagnosticMessage("ready {0:0.0} s after the database", Stopwatch.GetElapsedTime(since).TotalSeconds);

        Assert.All(stage.Machines, machine => Assert.Null(machine.ServiceExit));
        stage.LetCiGo();
        foreach (var name in new[] { first.Name, second.Name, third.Name }) stage.LetGo(name);
        foreach (var task in new[] { waiting, first.Task, second.Task, queued })
        {
            var ended = await stage.Short.Ended(task.Id);
            Assert.True((Status.Success, 1) == (ended.Status, ended.Attempts), $"{ended.Status} after {ended.Attempts}: {ended.Summary}");
        }

        foreach (var name in new[] { first.Name, second.Name, third.Name }) Assert.Single(stage.Begun(name));
        said.AddRange((await follower.StandardOutput.ReadToEndAsync().WaitAsync(Stage.Patience)).TrimEnd().Split('\n'));
        Assert.Equal(Enumerable.Range(1, stage.Times(first.Name, "works").Count).Select(n => $"line {n}"), said.Select(line => line?[line.IndexOf("line ", StringComparison.Ordinal)..]));
    }

    [Fact]
    public async Task One_that_is_away_for_longer_than_a_lease_costs_the_agents_whose_lease_it_was_and_no_task()
    {
        await stage.Lease(OutageStage.ShortLease);
        var (kept, lost) = await stage.TwoAtWork();
        Task back;
        await using (await stage.Away())
        {
            Assert.InRange(await stage.Long.Terminate(), TimeSpan.Zero, TimeSpan.FromSeconds(10));
            Assert.Equal(0, stage.Long.ServiceExit);
            Assert.Contains("1 agent works on", stage.Long.ServiceLog, StringComparison.Ordinal);
            back = ClusterStage.Up(stage.Long);
            await OutageStage.Until(() => stage.Long.ServiceLog.Contains("waiting for the database", StringComparison.Ordinal), "the start waits");

            // Nobody can know that no other worker reaches the database either, so the agent may not go on.
            await OutageStage.Until(() => Processes.Find(stage.Begun(lost.Name)[0].Pid) is null, "the agent of the short lease is ended");
            using (var ready = await stage.Short.Look("/health/ready")) Assert.Equal(503, (int)ready.StatusCode);
            using (var live = await stage.Short.Look("/health/live")) Assert.Equal(200, (int)live.StatusCode);
        }

        await back;
        await OutageStage.Ready(stage.Short);
        Assert.Null(stage.Short.ServiceExit);

        await OutageStage.Until(() => stage.Begun(lost.Name).Count == 2, "it is begun again");
        stage.LetGo(kept.Name);
        stage.LetGo(lost.Name);
        foreach (var task in new[] { kept.Task, lost.Task })
        {
            var ended = await stage.Short.Ended(task.Id);
            Assert.True((Status.Success, 1) == (ended.Status, ended.Attempts), $"{ended.Status} after {ended.Attempts}: {ended.Summary}");
        }

        Assert.Single(stage.Begun(kept.Name));
        var begun = stage.Begun(lost.Name);
        Assert.Equal(2, begun.Count);
        Assert.True(stage.Times(lost.Name, "works").Where(entry => entry.Pid == begun[0].Pid).Max(entry => entry.At) < begun[1].At, "two agents at once");
    }

    [Fact]
    public async Task A_silo_that_is_killed_and_started_again_at_once_has_its_former_life_declared_dead()
    {
        await stage.Short.Kill();
        await ClusterStage.Up(stage.Short);
        var lives = await stage.Lives();
        Assert.Equal(2, lives.Count);
        Assert.All(lives, silo => Assert.Single(silo, status => status is not 6));
    }

    [Fact]
    public async Task A_start_gives_up_when_the_database_stays_away_and_says_so_in_one_line()
    {
        await using var machine = Machine("Host=127.0.0.1;Port=1;Username=ampx;Password=hush;Database=ampx");
        machine.Environment["Ampx__Storage__StartTimeout"] = "00:00:02";
        var (code, _, errors) = await machine.Ampx("up", "--port", "0", "--data", machine.Data);
        Assert.Equal(1, code);
        Assert.Matches("^ampx: waiting for the database, for 2 s at most [^\n]*\nampx: Ampx can't use its database ampx on 127.0.0.1 [^\n]*can't be reached[^\n]*\n$", errors);
        Assert.DoesNotContain("hush", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_waits_is_ended_by_a_signal_at_once()
    {
        // It takes the connection and says nothing: the worst to be waited for.
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        await using var machine = Machine($"Host=127.0.0.1;Port={((System.Net.IPEndPoint)silent.LocalEndpoint).Port};Username=ampx;Database=ampx");
        var starting = machine.Up(() => Task.FromResult(true));
        using var accepted = await silent.AcceptSocketAsync().WaitAsync(Stage.Patience);
        Assert.InRange(await machine.Terminate(), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(130, machine.ServiceExit);
        await Assert.ThrowsAsync<InvalidOperationException>(() => starting);
    }

    [Theory]
    [InlineData("Username=locked;Password=wrong", "the server refuses the user: password authentication failed")]
    [InlineData("Database=nowhere", "it doesn't exist: make it with createdb")]
    [InlineData("Username=locked", "No password has been provided")]
    public async Task Where_waiting_is_no_help_a_start_ends_at_once(string change, string words)
    {
        await using var machine = Machine($"{stage.ConnectionString};{change}");
        machine.Environment["Ampx__Storage__StartTimeout"] = "00:10:00";
        var (code, _, errors) = await machine.Ampx("up", "--port", "0", "--data", machine.Data);
        Assert.Equal(1, code);
        Assert.StartsWith("ampx: Ampx can't use its database ", errors, StringComparison.Ordinal);
        Assert.Contains(words, errors, StringComparison.Ordinal);
        Assert.Equal(1, errors.Count(letter => letter == '\n'));
    }

    private static Stage Machine(string connectionString)
    {
        var machine = new Stage();
        machine.Environment["Ampx__Storage__Provider"] = "postgres";
        machine.Environment["Ampx__Storage__ConnectionString"] = connectionString;
        machine.Environment["Ampx__Cluster__SiloPort"] = "10001";
        machine.Environment["Ampx__Cluster__GatewayPort"] = "10002";
        return machine;
    }

    /// <summary>Every kind of call while the database is away: each is a 503 that says when to come again, or is answered from memory.</summary>
    private async Task AskAll(Stage machine, string waiting, string queued)
    {
        using (var ready = await machine.Look("/health/ready")) Assert.Equal(503, (int)ready.StatusCode);
        using (var live = await machine.Look("/health/live")) Assert.Equal(200, (int)live.StatusCode);
        var (_, order) = stage.Patient();
        string[] reads = ["tasks", "tasks?status=queued", $"tasks/{waiting[^8..]}", $"tasks/{waiting}/timeline", $"tasks/{waiting}/attempts", $"tasks/{waiting}/logs", $"tasks/{waiting}/logs/stream", "stats"];
        var answers = await Task.WhenAll([
            .. reads.Select(path => Ask(machine, HttpMethod.Get, path)),
            Ask(machine, HttpMethod.Post, "tasks", order),
            Ask(machine, HttpMethod.Patch, $"tasks/{queued}", new { action = "abort" }),
        ]);
        foreach (var (call, status, code, again) in answers)
            Assert.True((status, code, again) is (503, "unavailable", > 0), $"{call}: {status} {code}, Retry-After {again}\n{machine.ServiceLog}");
        foreach (var path in new[] { $"tasks/{waiting}", "whoami", "version" })
        {
            var (call, status, _, _) = await Ask(machine, HttpMethod.Get, path);
            Assert.True(status is 200 or 503, $"{call}: {status}");
        }
    }

    private static async Task<(string Call, int Status, string? Code, double? RetryAfter)> Ask(Stage machine, HttpMethod method, string path, object? content = null)
    {
        using var request = new HttpRequestMessage(method, $"{ServiceFile.Read(machine.Data)!.Url}/api/v1/{path}") { Content = content is null ? null : JsonContent.Create(content) };
        request.Headers.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(machine.Data, "token"))).Trim());
        using var answer = await Http.SendAsync(request);
        var code = answer.IsSuccessStatusCode ? null : Stage.Read<Problem>(await answer.Content.ReadAsStringAsync()).Code;
        return ($"{method} {path}", (int)answer.StatusCode, code, answer.Headers.RetryAfter?.Delta?.TotalSeconds);
    }
}
