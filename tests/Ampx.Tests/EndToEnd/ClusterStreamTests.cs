using System.Net.ServerSentEvents;
using System.Text.Json;
using Ampx.Cli;
using Ampx.Cli.Connecting;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Streams of a gateway that neither runs the task nor changes it.</summary>
public sealed class ClusterStreamTests : IAsyncDisposable
{
    private readonly ClusterStage cluster = new();
    private readonly string folder = Directory.CreateTempSubdirectory("ampx-cluster-").FullName;

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Followers_go_from_gateway_to_gateway_and_what_one_machine_changes_is_told_at_the_other()
    {
        var go = Path.Combine(folder, "go");
        cluster.Agent("steady", folder, $"""
            i=0
            while [ ! -e {go} ]; do for k in 1 2 3 4 5; do i=$((i+1)); echo "line $i"; done; sleep 0.02; done
            echo $i > lines
            """);
        var (silo, gateway) = (cluster.Machine(), cluster.Machine("gateway"));
        var repo = await silo.Repository("answer", ("README.md", "An answer."));
        await silo.Up();
        await gateway.Up();
        using var here = Client(silo);
        using var there = Client(gateway);
        using var late = new CancellationTokenSource(Stage.Patience);

        // Told at the one what is done at the other.
        await using var told = (await there.TaskEvents(new(Owner: "all"), late.Token)).GetAsyncEnumerator(late.Token);
        Assert.True(await told.MoveNextAsync() && told.Current.EventType == "ready");
        var id = (await silo.Start(repo, "Be steady", "--agent", "steady", "--ci", "true")).Id;
        List<TaskView> changes = [];
        while (changes.LastOrDefault()?.Phase is not Phase.Agent) changes.Add(await Change(told));
        Assert.All(changes, change => Assert.Equal(id, change.Id));
        Assert.Equal(changes.Select(change => change.Version).Distinct().Order(), changes.Select(change => change.Version));

        var followers = Enumerable.Range(0, 6).Select(n => new Wanderer(n % 2 == 0 ? [here, there] : [there, here], id, late.Token)).ToList();
        await Stage.Until(() => Task.FromResult(followers.All(follower => follower.Visits is [> 1, > 1])), "all have been at both gateways");
        await gateway.Kill();
        var at = followers.Select(follower => follower.Visits.Sum()).ToList();
        await Stage.Until(() => Task.FromResult(followers.Zip(at).All(now => now.First.Refused > 0 && now.First.Visits.Sum() > now.Second + 1)), "all go on at the one that is left");
        File.WriteAllText(go, "");
        var last = await silo.Ended(id);
        Assert.Equal(Status.Success, last.Status);

        var count = int.Parse(await silo.Git(repo, "show", $"{last.Branch}:lines"), System.Globalization.CultureInfo.InvariantCulture);
        foreach (var follower in followers)
        {
            var entries = await follower.Ended.WaitAsync(Stage.Patience);
            Assert.Equal(Enumerable.Range(1, entries.Count).Select(n => (long)n), entries.Select(entry => entry.Seq));
            Assert.Equal(Enumerable.Range(1, count).Select(n => $"line {n}"), entries.Where(entry => entry.Source == "agent").Select(entry => entry.Text));
        }
    }

    private static AmpxClient Client(Stage machine) => new(new Connection(new(ServiceFile.Read(machine.Data)!.Url), File.ReadAllText(Path.Combine(machine.Data, "token")).Trim()));

    private static async Task<TaskView> Change(IAsyncEnumerator<SseItem<string>> events)
    {
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("task", events.Current.EventType);
        return JsonSerializer.Deserialize<TaskView>(events.Current.Data, AmpxJson.Options)!;
    }

    /// <summary>Follows a log by turns at each gateway, some lines at a time, with the last line's id; passes by one that is dead.</summary>
    private sealed class Wanderer
    {
        private const int Lines = 60;
        private readonly int[] visits = new int[2];
        private volatile int refused;

        public Wanderer(AmpxClient[] gateways, string id, CancellationToken cancel) => Ended = Go(gateways, id, cancel);

        public Task<List<LogEntry>> Ended { get; }

        /// <summary>How often each gateway, in the order given, had lines for it.</summary>
        public IReadOnlyList<int> Visits => [Volatile.Read(ref visits[0]), Volatile.Read(ref visits[1])];

        public int Refused => refused;

        private async Task<List<LogEntry>> Go(AmpxClient[] gateways, string id, CancellationToken cancel)
        {
            var entries = new List<LogEntry>();
            for (var turn = 0; ; turn++)
            {
                var had = entries.Count;
                try
                {
                    await foreach (var item in await gateways[turn % 2].LogEvents(id, had == 0 ? 0 : entries[^1].Seq, cancel))
                    {
                        if (item.EventType == "end") return entries;
                        entries.Add(JsonSerializer.Deserialize<LogEntry>(item.Data, AmpxJson.Options)!);
                        if (entries.Count == had + Lines) break;
                    }
                }
                catch (Exception dead) when (dead is CliError { Exit: ExitCode.Unreachable } or IOException or HttpRequestException)
                {
                    refused++;
                }

                if (entries.Count > had) Interlocked.Increment(ref visits[turn % 2]);
            }
        }
    }
}
