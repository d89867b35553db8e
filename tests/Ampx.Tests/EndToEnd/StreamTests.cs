using System.Diagnostics;
using System.Globalization;
using Ampx.Core;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Many who follow one task's log. With <c>AMPX_LONG=1</c> a thousand, once without and once with slow ones beside them; <c>-showLiveOutput</c> shows the figures.</summary>
public sealed class StreamTests
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("AMPX_LONG") is "1";

    [Fact]
    public async Task Every_follower_has_every_line_once_in_order_and_slow_ones_hold_up_nobody()
    {
        if (!Long)
        {
            // Few lines must be long to be more than the sockets between hold.
            await Follow(followers: 20, slow: 2, seconds: 2, perSecond: 10_000, pad: 400);
            return;
        }

        var alone = await Follow(followers: 1000, slow: 0, seconds: 30, perSecond: 1000, pad: 150);
        var together = await Follow(followers: 1000, slow: 50, seconds: 30, perSecond: 1000, pad: 150);
        Assert.InRange(together.Last, TimeSpan.Zero, alone.Last + TimeSpan.FromSeconds(5));
        Assert.InRange(together.Most, 0, alone.Most + 200);
    }

    private static async Task<Figures> Follow(int followers, int slow, int seconds, int perSecond, int pad)
    {
        await using var stage = new Stage();
        var go = Path.Combine(stage.Root, "go");
        // Some lines each tenth of a second, by the clock: a machine that is late prints more at once.
        stage.Agent("loud", $$"""
            while [ ! -e {{go}} ]; do sleep 0.05; done
            awk 'function now(line) { getline line < "/proc/uptime"; close("/proc/uptime"); return line + 0 }
            BEGIN {
              for (begin = now(); t < {{seconds * 10}}; t++) {
                while (now() < begin + t / 10) system("sleep 0.02")
                for (i = 0; i < {{perSecond / 10}}; i++) print "line " t * {{perSecond / 10}} + i " {{new string('.', pad)}}"
                fflush()
              }
            }'
            echo 42 > answer
            """);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var service = new Uri(ServiceFile.Read(stage.Data)!.Url);
        var id = (await stage.Start(repo, "Be loud", "--agent", "loud", "--ci", "true")).Id;
        var (path, token) = ($"api/v1/tasks/{id}/logs/stream", File.ReadAllText(Path.Combine(stage.Data, "token")).Trim());
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(Long ? 8 : 2));
        using var wide = new Wire(service, token);
        var readers = Enumerable.Range(0, followers).Select(_ => new Reader()).ToList();
        var following = readers.Select(async reader =>
        {
            await reader.Follow(wide.Client, path, deadline.Token);
            return Stopwatch.GetTimestamp();
        }).ToList();
        var all = Task.WhenAll(following);

        // They take some 8 KB a second through a socket that holds no more, until all others have everything; then as fast as they can.
        using var narrow = new Wire(service, token, receive: 4 * 1024);
        var slowReaders = Enumerable.Range(0, slow).Select(_ => new Reader()).ToList();
        var slowly = slowReaders.Select(reader => reader.Follow(narrow.Client, path, deadline.Token, () => reader.Last > 0 && !all.IsCompleted ? Task.WhenAny(all, Task.Delay(500)) : Task.CompletedTask)).ToList();
        await Stage.Until(() => Task.FromResult(readers.Concat(slowReaders).All(reader => reader.Last > 0)), "all follow");

        var (idle, most) = (Memory(stage), 0L);
        var since = Stopwatch.GetTimestamp();
        File.WriteAllText(go, "");
        while (!all.IsCompleted)
        {
            await Task.WhenAny(all, Task.Delay(200));
            most = Math.Max(most, Memory(stage));
        }

        var took = (await all).Select(end => Stopwatch.GetElapsedTime(since, end)).Order().ToList();
        var behind = slowReaders.Select(reader => reader.Last).ToList();
        var mostBefore = most;
        var unsent = Sockets.Unsent(service.Port);
        narrow.Widen();
        for (var rest = Task.WhenAll(slowly); !rest.IsCompleted;)
        {
            await Task.WhenAny(rest, Task.Delay(200));
            most = Math.Max(most, Memory(stage));
        }

        await Task.WhenAll(slowly);
        var lines = readers[0].Last;
        var bytes = readers[0].Bytes;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"""
            {followers} followers, {slow} slow ones beside them, {lines} lines ({bytes / 1e6:0.0} MB) in {seconds} s
              all lines: first follower after {took[0].TotalSeconds:0.0} s, median {took[took.Count / 2].TotalSeconds:0.0} s, last {took[^1].TotalSeconds:0.0} s; {lines * followers / took[^1].TotalSeconds:0} lines/s
              service: {idle} MB before, {mostBefore} MB at most, {most} MB while the slow ones caught up
              slow ones: at line {(slow == 0 ? 0 : behind.Min())} to {(slow == 0 ? 0 : behind.Max())} then, {unsent / 1e6:0.0} MB waiting in the system's sockets; all lines after {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s
            """));
        Assert.All(readers.Concat(slowReaders), reader => Assert.Equal((null, true, lines), (reader.Wrong, reader.Ended, reader.Last)));
        Assert.InRange(lines, seconds * perSecond, (seconds * perSecond) + 100);
        Assert.InRange(most - idle, 0, Long ? 500 : 150);
        // What the system holds for them and what the tail keeps are less than all: the service had to stop sending, and later read storage for them.
        // (How much the system holds differs from run to run: up to several megabytes a socket.)
        Assert.All(behind, last => Assert.InRange(last, 1, lines - 1));
        Assert.True(slow == 0 || (unsent / slow) + (2 * 1024 * 1024) < bytes * 3 / 4, $"{unsent} bytes wait in sockets: nobody was slow");
        return new(took[^1], most);
    }

    /// <summary>What the service holds, in MB.</summary>
    private static long Memory(Stage stage)
    {
        using var process = Process.GetProcessById(stage.ServicePid);
        return process.WorkingSet64 / 1024 / 1024;
    }

    /// <summary>When the last follower had everything, and the most MB that the service held.</summary>
    private sealed record Figures(TimeSpan Last, long Most);
}
