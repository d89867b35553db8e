using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Ampx.Core;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Many who follow one task's log, and a gateway that restarts under them.</summary>
public sealed class StreamTests
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("AMPX_LONG") is "1";

    [Fact]
    public async Task Every_follower_has_every_line_once_in_order_and_a_slow_one_holds_up_nobody()
    {
        var (followers, seconds) = Long ? (1000, 30) : (40, 3);
        // Few lines must be long to be more than the sockets between hold.
        var pad = Long ? "" : new string('.', 600);
        await using var stage = new Stage();
        var go = Path.Combine(stage.Root, "go");
        // A hundred lines each tenth of a second, by the clock: a machine that is late prints more at once.
        stage.Agent("loud", $"""
            while [ ! -e {go} ]; do sleep 0.05; done
            awk 'BEGIN {"{"} for (t = 0; t < {seconds * 10}; t++) {"{"} for (i = 0; i < 100; i++) print "line " t * 100 + i " of a build that says what it does{pad}"; fflush(); system("sleep 0.09") {"}"} {"}"}'
            echo 42 > answer
            """);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Be loud", "--agent", "loud", "--ci", "true")).Id;
        using var client = Client(stage);
        var path = $"api/v1/tasks/{id}/logs/stream";
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(Long ? 8 : 2));
        var readers = Enumerable.Range(0, followers).Select(_ => new Reader()).ToList();
        var following = readers.Select(reader => reader.Follow(client, path, deadline.Token)).ToList();
        // It takes 32 KB and then nothing until all others have everything.
        var slow = new Reader();
        var rest = Task.WhenAll(following);
        using var narrow = Client(stage, receive: 8 * 1024);
        var slowly = slow.Follow(narrow, path, deadline.Token, () => slow.Last > 0 ? Task.WhenAny(rest, Task.Delay(500)) : Task.CompletedTask);
        await Stage.Until(() => Task.FromResult(readers.All(reader => reader.Last > 0)), "all follow");
        var idle = Memory(stage);
        var since = Stopwatch.GetTimestamp();
        File.WriteAllText(go, "");
        var most = idle;
        while (!rest.IsCompleted)
        {
            await Task.WhenAny(rest, Task.Delay(200));
            most = Math.Max(most, Memory(stage));
        }

        await rest;
        var took = Stopwatch.GetElapsedTime(since);
        var behind = slow.Last;
        await slowly;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{followers} followers, {readers[0].Last} lines in {seconds} s: all have all after {took.TotalSeconds:0.0} s, {readers.Sum(reader => reader.Last) / took.TotalSeconds:0} lines/s; service {idle} MB before, {most} MB at most; the slow one was at {behind} then"));
        Assert.All(readers.Append(slow), reader => Assert.Equal((null, true, readers[0].Last), (reader.Wrong, reader.Ended, reader.Last)));
        Assert.InRange(behind, 1, readers[0].Last - 1);
        Assert.InRange(readers[0].Last, seconds * 1000, seconds * 1000 + 100);
        Assert.InRange(most - idle, 0, Long ? 500 : 150);
    }

    [Fact]
    public async Task A_gateway_that_restarts_loses_and_doubles_no_line_of_those_who_follow()
    {
        var commands = Long ? 50 : 4;
        await using var stage = new Stage();
        var (go, begun) = (Path.Combine(stage.Root, "go"), Path.Combine(stage.Root, "begun"));
        stage.Agent("steady", $"""
            touch {begun}
            i=0
            while [ ! -e {go} ] || [ $i -lt 200 ]; do i=$((i+1)); echo "line $i"; sleep 0.02; done
            echo $i > lines
            """);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        // The same port again, as a service has it.
        var port = new Uri(ServiceFile.Read(stage.Data)!.Url).Port;
        var id = (await stage.Start(repo, "Be steady", "--agent", "steady", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(begun)), "the agent runs");
        // --server names the address for good: the command reads the file of a service once.
        var url = $"http://127.0.0.1:{port}";
        var output = Enumerable.Range(0, commands).Select(_ => stage.Launch("logs", "-f", id, "--source", "agent", "--server", url, "--token", Token(stage))).ToList();
        var firsts = await Task.WhenAll(output.Select(process => process.StandardOutput.ReadLineAsync())).WaitAsync(Stage.Patience);
        var texts = output.Select(process => process.StandardOutput.ReadToEndAsync()).ToList();
        var errors = output.Select(process => process.StandardError.ReadToEndAsync()).ToList();
        await stage.Kill();
        await stage.Up(port);
        File.WriteAllText(go, "");
        var task = await stage.Ended(id);
        var count = int.Parse(await stage.Git(repo, "show", $"{task.Branch}:lines"), CultureInfo.InvariantCulture);
        for (var i = 0; i < commands; i++)
        {
            await output[i].WaitForExitAsync().WaitAsync(Stage.Patience);
            var text = $"{firsts[i]}\n{await texts[i]}";
            Assert.True(output[i].ExitCode == 0, await errors[i]);
            Assert.Equal(Enumerable.Range(1, count).Select(n => $"line {n}"), text.TrimEnd().Split('\n').Select(line => line[line.IndexOf("line ", StringComparison.Ordinal)..]));
            output[i].Dispose();
        }
    }

    /// <param name="stage">Whose service is asked.</param>
    /// <param name="receive">How much the system takes in for a reader that doesn't read.</param>
    private static HttpClient Client(Stage stage, int receive = 64 * 1024)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = int.MaxValue,
            ConnectCallback = async (to, cancel) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = receive };
                await socket.ConnectAsync(to.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new(ServiceFile.Read(stage.Data)!.Url), Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token(stage));
        return client;
    }

    private static string Token(Stage stage) => File.ReadAllText(Path.Combine(stage.Data, "token")).Trim();

    /// <summary>What the service holds, in MB.</summary>
    private static long Memory(Stage stage)
    {
        using var process = Process.GetProcessById(stage.ServicePid);
        return process.WorkingSet64 / 1024 / 1024;
    }
}
