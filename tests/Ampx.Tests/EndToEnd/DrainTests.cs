using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A real service that is to take no more work.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_drained_service_starts_nothing_new_and_carries_what_runs_to_its_end()
    {
        await using var stage = new Stage();
        stage.Agent("patient", """
            echo "begin" >> "$TRACE"
            while [ ! -e "$GO" ]; do sleep 0.05; done
            echo $$ > file
            """);
        var trace = Path.Combine(stage.Root, "trace");
        var go = Path.Combine(stage.Root, "go");
        stage.Environment["Ampx__Agents__patient__Environment__TRACE"] = trace;
        stage.Environment["Ampx__Agents__patient__Environment__GO"] = go;
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();

        var running = await stage.Start(repo, "first", "--agent", "patient", "--ci", "true");
        await Stage.Until(() => Task.FromResult(File.Exists(trace)), "the agent runs");
        var second = await stage.Start(repo, "second", "--agent", "patient", "--ci", "true");
        var third = await stage.Start(repo, "third", "--agent", "patient", "--ci", "true");
        await stage.Until(third.Id, task => task.QueuePosition == 2);
        var list = (await stage.Ampx("ls")).Out;
        Assert.Contains("queued #1", list, StringComparison.Ordinal);
        Assert.Contains("queued #2", list, StringComparison.Ordinal);

        var drain = stage.Ampx("drain");
        await Stage.Until(async () => (await stage.Get<ServiceStats>("stats")).Workers is [{ Draining: true, Busy: 1 }], "the worker is draining");
        Assert.False(drain.IsCompleted);
        File.WriteAllText(go, "");
        var (code, said, progress) = await drain;
        Assert.Equal((0, "is drained; it can be stopped."), (code, said.Trim().Split(' ', 2)[1]));
        Assert.Contains(": 1 run at work", progress, StringComparison.Ordinal);

        // Its branch is pushed; CI would be a new run and waits, as the other tasks do.
        var pushed = await stage.Until(running.Id, task => task is { Phase: Phase.WaitingForCi, QueuePosition: 1 });
        Assert.Equal(pushed.HeadSha, await stage.Git(repo, "rev-parse", pushed.Branch));
        Assert.Equal((Phase.WaitingForWorker, Phase.WaitingForWorker), ((await stage.Show(second.Id)).Phase, (await stage.Show(third.Id)).Phase));
        Assert.Single(File.ReadAllLines(trace));
        Assert.Contains("Every worker is draining", (await stage.Ampx("stats")).Err, StringComparison.Ordinal);

        await stage.Ampx("down");
        await stage.Up();
        foreach (var task in (TaskView[])[running, second, third]) Assert.Equal(Status.Success, (await stage.Ended(task.Id)).Status);
    }
}
