using System.Globalization;
using Ampx.Cli;
using Ampx.Cli.Connecting;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>The command line over restarts of the service that it talks to.</summary>
public sealed class ReconnectTests
{
    private const int Followers = 50;

    [Fact]
    public async Task Whoever_follows_or_waits_goes_on_by_itself_when_the_gateway_restarts()
    {
        await using var stage = new Stage();
        var go = Path.Combine(stage.Root, "go");
        stage.Agent("steady", $"""
            i=0
            while [ ! -e {go} ]; do for k in 1 2 3 4 5; do i=$((i+1)); echo "line $i"; done; sleep 0.02; done
            echo $i > lines
            """);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        // The same port again, as a service has it, and named: a command reads the service's own file once.
        var connection = new Connection(new(ServiceFile.Read(stage.Data)!.Url), File.ReadAllText(Path.Combine(stage.Data, "token")).Trim());
        string[] there = ["--server", connection.Server.OriginalString, "--token", connection.Token!];

        using var start = new Beside(stage.Launch(["start", "--wait", "--repo", repo, "--task", "Be steady", "--agent", "steady", "--ci", "true", .. there]));
        var id = "";
        await Stage.Until(async () => (await stage.Get<TaskList>("tasks")).Tasks is [var only] && (id = only.Id).Length > 0, "the task is there");
        using var wait = new Beside(stage.Launch(["wait", id, .. there]));
        using var list = new Beside(stage.Launch(["ls", "-w", .. there]));
        using var one = new Beside(stage.Launch(["logs", "-f", id, "--source", "agent", .. there]));
        using var other = new Beside(stage.Launch(["logs", "-f", id, "--source", "agent", .. there]));
        var followers = Enumerable.Range(0, Followers).Select(_ => new Follower(connection, id)).ToList();
        await Stage.Until(() => Task.FromResult(wait.Talk.Count > 0 && start.Talk.Count > 1 && list.Output.Count > 0), "those who wait are connected");
        await AllHaveMore();

        await stage.Terminate();
        await stage.Up(connection.Server.Port);
        await AllHaveMore();
        await stage.Kill();
        await stage.Up(connection.Server.Port);
        await AllHaveMore();
        await Stage.Until(() => Task.FromResult(new[] { start, wait, list, one, other }.All(command => Said(command, "The service answers again.") == 2)), "all commands are back");

        File.WriteAllText(go, "");
        var task = await stage.Ended(id);
        var count = int.Parse(await stage.Git(repo, "show", $"{task.Branch}:lines"), CultureInfo.InvariantCulture);
        var lines = Enumerable.Range(1, count).Select(n => $"line {n}").ToList();
        foreach (var follower in followers)
        {
            await follower.Ended.WaitAsync(Stage.Patience);
            Assert.Equal(Enumerable.Range(1, follower.Entries.Count).Select(n => (long)n), follower.Entries.Select(entry => entry.Seq));
            Assert.Equal(lines, follower.Entries.Where(entry => entry.Source == "agent").Select(entry => entry.Text));
            follower.Dispose();
        }

        foreach (var logs in new[] { one, other })
        {
            Assert.Equal(0, await logs.Ended());
            Assert.Equal(lines, logs.Output.Select(line => line[line.IndexOf("line ", StringComparison.Ordinal)..]));
        }

        Assert.Equal((0, 0), (await start.Ended(), await wait.Ended()));
        Assert.StartsWith("success", wait.Output[^1], StringComparison.Ordinal);
        await Stage.Until(() => Task.FromResult(list.Output[^1].Contains("success", StringComparison.Ordinal)), "the list shows the end");
        await list.Interrupt();
        Assert.Equal(130, await list.Ended());
        Assert.Equal(list.Output.Distinct(), list.Output);
        // Once for each restart, on stderr only.
        foreach (var command in new[] { start, wait, list, one, other }) Assert.True(Said(command, "Waiting for it to come back.") == 2, string.Join('\n', command.Talk));

        Task AllHaveMore()
        {
            var had = followers.Select(follower => follower.Count).Append(one.Output.Count).Append(other.Output.Count).ToList();
            return Stage.Until(() => Task.FromResult(followers.Select(follower => follower.Count).Append(one.Output.Count).Append(other.Output.Count).Zip(had).All(now => now.First > now.Second)), "all followers have more lines");
        }
    }

    private static int Said(Beside command, string words) => command.Talk.Count(line => line.EndsWith(words, StringComparison.Ordinal));

    /// <summary>What <c>ampx logs -f</c> is made of, without its process.</summary>
    private sealed class Follower : IDisposable
    {
        private readonly AmpxClient client;
        private volatile int count;

        public Follower(Connection connection, string id)
        {
            client = new(connection);
            var watch = new TaskWatch(client, TimeProvider.System) { Lost = _ => { } };
            Ended = new LogFollower(client, watch).Follow(id, new LogSelection(), Take, CancellationToken.None);
        }

        public Task Ended { get; }

        public int Count => count;

        /// <summary>To be read once it has ended.</summary>
        public List<LogEntry> Entries { get; } = [];

        public void Dispose() => client.Dispose();

        private void Take(LogEntry entry)
        {
            Entries.Add(entry);
            count = Entries.Count;
        }
    }
}
