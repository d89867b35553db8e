using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using FsCheck.Xunit;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>What holds for any tasks of any owners and repositories, in any order.</summary>
public sealed class FairQueuePropertyTests
{
    [Property]
    public void Each_task_is_taken_once_and_in_the_order_foretold(uint[] picks)
    {
        var entries = Entries(picks);
        var queue = Filled(entries);
        var foretold = entries.OrderBy(entry => queue.PositionOf(entry.TaskId)).Select(entry => entry.TaskId).ToList();
        Assert.Equal(Enumerable.Range(1, entries.Count), entries.Select(entry => queue.PositionOf(entry.TaskId)!.Value).Order());
        Assert.Equal(foretold, Drained(queue).Select(entry => entry.TaskId));
        Assert.Equal(0, queue.Count);
    }

    [Property]
    public void While_an_owner_waits_no_other_is_served_twice(uint[] picks) => NobodyTwice(Drained(Filled(Entries(picks))), entry => entry.Owner);

    [Property]
    public void While_an_owners_repository_waits_none_of_theirs_is_served_twice(uint[] picks)
    {
        foreach (var owner in Drained(Filled(Entries(picks))).GroupBy(entry => entry.Owner)) NobodyTwice([.. owner], entry => entry.Repo);
    }

    [Property]
    public void In_a_repository_an_owners_oldest_goes_first(uint[] picks)
    {
        foreach (var line in Drained(Filled(Entries(picks))).GroupBy(entry => (entry.Owner, entry.Repo)))
            Assert.Equal(line.Select(entry => entry.TaskId).Order(StringComparer.Ordinal), line.Select(entry => entry.TaskId));
    }

    /// <summary>Whatever comes and goes: nothing is lost, nothing given twice, and who is next was foretold to be.</summary>
    [Property]
    public void Nothing_is_lost_or_doubled_while_tasks_come_and_go(uint[] picks, byte[] moves)
    {
        var (queue, entries, waiting, at) = (new FairQueue(), Entries(picks), new HashSet<string>(), 0);
        foreach (var move in moves.Select(move => move % 4).Concat(Enumerable.Repeat(2, entries.Count)))
        {
            if (move <= 1 && at < entries.Count)
            {
                queue.Add(entries[at]);
                waiting.Add(entries[at++].TaskId);
            }
            else if (move == 3 && at > 0)
            {
                queue.Remove(entries[at - 1].TaskId, 1);
                waiting.Remove(entries[at - 1].TaskId);
            }
            else
            {
                var next = waiting.SingleOrDefault(task => queue.PositionOf(task) == 1);
                var taken = queue.Take(RunKind.Agent, _ => false)?.TaskId;
                Assert.Equal(next, taken);
                if (taken is not null) Assert.True(waiting.Remove(taken));
            }

            Assert.Equal((waiting.Count, waiting.Count), (queue.Count, waiting.Count(task => queue.PositionOf(task) is not null)));
        }
    }

    /// <summary>Up to 60 tasks of three owners in four repositories, each with its own id.</summary>
    private static List<QueueEntry> Entries(uint[] picks) =>
        [.. picks.Take(60).Select((pick, n) => new QueueEntry($"task-{n * 37 % 61:00}", $"owner-{pick % 3}", $"repo-{pick / 3 % 4}", 1, RunKind.Agent))];

    private static FairQueue Filled(IEnumerable<QueueEntry> entries)
    {
        var queue = new FairQueue();
        foreach (var entry in entries) queue.Add(entry);
        return queue;
    }

    private static List<QueueEntry> Drained(FairQueue queue)
    {
        var all = new List<QueueEntry>();
        while (queue.Take(RunKind.Agent, _ => false) is { } entry) all.Add(entry);
        return all;
    }

    /// <summary>Between two turns of one, everybody who still has something to come has had one.</summary>
    private static void NobodyTwice(List<QueueEntry> order, Func<QueueEntry, string> whose)
    {
        for (var at = 0; at < order.Count; at++)
        {
            var next = order.FindIndex(at + 1, entry => whose(entry) == whose(order[at]));
            if (next < 0) continue;
            var between = order[at..next].Select(whose).ToHashSet();
            Assert.Subset(between, order[next..].Select(whose).ToHashSet());
        }
    }
}
