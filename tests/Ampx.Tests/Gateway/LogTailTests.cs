using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Gateway.Streams;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class LogTailTests : IDisposable
{
    private static readonly string Id = Ulid.NewUlid().ToString();
    private readonly FakeTasks tasks = new(TimeProvider.System);
    private readonly FakeLogs logs = new(TimeProvider.System);
    private readonly LogTails tails;

    public LogTailTests()
    {
        tasks.Has(Id);
        tails = new(logs, new TaskLookup(tasks, tasks), TimeProvider.System);
    }

    public void Dispose() => tails.Dispose();

    [Fact]
    public async Task All_followers_of_a_task_share_one_tail_and_the_last_one_ends_it()
    {
        logs.Prints(Id, "old");
        var first = tails.Follow(Id);
        var second = tails.Follow(Id);
        Assert.Same(first.Tail, second.Tail);
        await Begun(first.Tail);
        logs.Prints(Id, "one");
        Assert.Same(await Block(first.Tail, 1), await Block(second.Tail, 1));
        first.Dispose();
        Assert.Equal(1, tails.Count);
        second.Dispose();
        Assert.Equal(0, tails.Count);
    }

    [Fact]
    public async Task A_tail_begins_behind_what_is_there_and_keeps_no_more_than_its_bound()
    {
        logs.Prints(Id, "old");
        using var lease = tails.Follow(Id);
        await Begun(lease.Tail);
        const int lines = 3000;
        for (var n = 2; n <= lines; n++) logs.Prints(Id, $"{n} {new string('x', 1000)}");
        await EndToEnd.Stage.Until(() => Task.FromResult(lease.Tail.Next(lines - 1).Block is not null), "all is read");
        var floor = lease.Tail.Next(0).Behind!.Value;
        // A kilobyte a line and the event around it.
        Assert.InRange(lines - floor, 100, LogTail.MostBytes / 1000);
        Assert.Equal([2, 3], (await logs.Read(Id, new LogQuery(1, 2), default)).Select(entry => entry.Seq));
    }

    [Fact]
    public async Task A_task_that_goes_on_after_its_end_gets_a_new_tail()
    {
        logs.Prints(Id, "old");
        tasks[Id].Hears(new AbortRequested());
        using var ended = tails.Follow(Id);
        await EndToEnd.Stage.Until(() => Task.FromResult(ended.Tail.Next(1) is { Over: true, Ended: Status.Aborted }), "the tail is over");
        tasks[Id].Hears(new ContinueRequested("again", null, null, null));
        using var again = tails.Follow(Id);
        Assert.NotSame(ended.Tail, again.Tail);
        await Begun(again.Tail);
        logs.Prints(Id, "again");
        Assert.Equal(2, (await Block(again.Tail, 1)).Last);
    }

    [Fact]
    public async Task Followers_who_fell_behind_together_share_the_pages_that_they_read()
    {
        for (var n = 0; n < 3000; n++) logs.Prints(Id, $"{n}");
        var (one, other) = (await tails.Read(Id, 0, default), await tails.Read(Id, 0, default));
        Assert.Same(one, other);
        var next = await tails.Read(Id, one!.Last, default);
        Assert.Equal((one.Last + 1, false), (next!.First, ReferenceEquals(next, one)));
        Assert.Null(await tails.Read(Id, 3000, default));
        logs.Prints(Id, "later");
        Assert.Equal(3001, (await tails.Read(Id, 3000, default))!.Last);
    }

    /// <summary>What a task's log has by then, a line here, the tail doesn't keep.</summary>
    private static Task Begun(LogTail tail) => EndToEnd.Stage.Until(() => Task.FromResult(tail.Next(0).Behind == 1), "the tail has begun");

    private static async Task<LogBlock> Block(LogTail tail, long after)
    {
        while (true)
        {
            var step = tail.Next(after);
            if (step.Block is { } block) return block;
            await step.News.WaitAsync(EndToEnd.Stage.Patience);
        }
    }
}
