using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class FairQueueTests
{
    private readonly FairQueue queue = new();

    [Fact]
    public void Owners_take_turns_and_each_ones_oldest_task_goes_first()
    {
        foreach (var task in new[] { "ada-3", "ada-1", "ada-2", "bob-4", "bob-5" }) Add(task);
        Assert.Equal(["ada-1", "bob-4", "ada-2", "bob-5", "ada-3"], TakeAll());
    }

    [Fact]
    public void Who_comes_late_is_not_behind_who_has_many()
    {
        for (var n = 1; n <= 5; n++) Add($"ada-{n}");
        Assert.Equal("ada-1", Take());
        Add("bob-9");
        Assert.Equal(["bob-9", "ada-2", "ada-3"], [Take(), Take(), Take()]);
    }

    [Fact]
    public void An_owners_repositories_take_turns_too()
    {
        foreach (var task in new[] { "ada-1", "ada-2", "ada-3" }) Add(task, repo: "busy");
        Add("ada-7", repo: "quiet");
        Add("bob-8");
        Assert.Equal(["ada-1", "bob-8", "ada-7", "ada-2", "ada-3"], Foretold("ada-1", "ada-2", "ada-3", "ada-7", "bob-8"));
        Assert.Equal(["ada-1", "bob-8", "ada-7", "ada-2", "ada-3"], TakeAll());
        Assert.Null(queue.PositionOf("ada-1"));
    }

    [Fact]
    public void Ten_thousand_tasks_of_a_thousand_owners_all_get_their_turn()
    {
        for (var n = 0; n < 10_000; n++) queue.Add(new QueueEntry($"task-{n:00000}", $"owner-{n % 1000}", $"repo-{n % 7}", 1, RunKind.Agent));
        Assert.Equal(Enumerable.Range(1, 10_000), Enumerable.Range(0, 10_000).Select(n => queue.PositionOf($"task-{n:00000}")!.Value).Order());
        Assert.Equal(Enumerable.Range(0, 1000).Select(n => $"task-{n:00000}"), Enumerable.Range(0, 1000).Select(_ => Take()));
        Assert.Equal("owner-0", queue.Take(RunKind.Agent, _ => false)?.Owner);
    }

    [Fact]
    public void What_doesnt_suit_a_worker_waits_for_one_that_it_does()
    {
        Add("ada-1");
        Add("ada-2");
        Assert.Equal("ada-2", queue.Take(RunKind.Agent, _ => false, entry => entry.TaskId != "ada-1")?.TaskId);
        Assert.Null(queue.Take(RunKind.Agent, _ => false, entry => entry.TaskId != "ada-1"));
        Assert.Equal("ada-1", Take());
    }

    [Fact]
    public void An_owners_repositories_take_turns_so_that_a_busy_one_starves_none()
    {
        for (var n = 100; n < 600; n++) Add($"ada-{n}", repo: "busy");
        Add("ada-900", repo: "small");
        Add("ada-901", repo: "small");
        Add("bob-950", repo: "busy");
        Assert.Equal(["ada-100", "bob-950", "ada-900", "ada-101", "ada-901", "ada-102", "ada-103"], TakeAll().Take(7));
    }

    [Fact]
    public void Who_asks_for_one_at_a_time_has_turns_like_all_others()
    {
        foreach (var task in (string[])["ada-1", "bob-2", "bob-3"]) Add(task);
        Assert.Equal(["ada-1", "bob-2"], [Take(), Take()]);
        Add("ada-4");
        Assert.Equal("ada-4", Take());
        Add("ada-5");
        Assert.Equal(["bob-3", "ada-5"], TakeAll());
    }

    [Fact]
    public void What_doesnt_suit_who_asks_keeps_its_place()
    {
        foreach (var task in (string[])["ada-1", "ada-2", "bob-3"]) Add(task);
        Assert.Equal("ada-2", queue.Take(RunKind.Agent, _ => false, entry => entry.TaskId == "ada-2")?.TaskId);
        Assert.Null(queue.Take(RunKind.Agent, _ => false, _ => false));
        Assert.Equal(["bob-3", "ada-1"], TakeAll());
    }

    [Fact]
    public void Each_kind_of_slot_has_its_own_line_and_places()
    {
        Add("ada-1");
        Add("ada-2", kind: RunKind.Ci);
        Add("bob-3");
        Assert.Equal([1, 1, 2, null], ((string[])["ada-1", "ada-2", "bob-3", "cyd-4"]).Select(queue.PositionOf));
        // A CI command that starts takes nobody's turn of the agents.
        Assert.Equal("ada-2", queue.Take(RunKind.Ci, _ => false)?.TaskId);
        Assert.Equal([1, null, 2], ((string[])["ada-1", "ada-2", "bob-3"]).Select(queue.PositionOf));
        Assert.Equal(["ada-1", "bob-3"], TakeAll());
    }

    [Fact]
    public void A_full_repository_holds_up_nobody_else()
    {
        Add("ada-1", repo: "full");
        Add("ada-2", repo: "free");
        Assert.Equal("ada-2", queue.Take(RunKind.Agent, repo => repo == "full")?.TaskId);
        Assert.Null(queue.Take(RunKind.Agent, repo => repo == "full"));
        Assert.Equal("ada-1", Take());
    }

    [Fact]
    public void Agents_and_CI_commands_wait_apart()
    {
        Add("ada-1", kind: RunKind.Ci);
        Assert.Null(Take());
        Assert.Equal("ada-1", queue.Take(RunKind.Ci, _ => false)?.TaskId);
    }

    [Fact]
    public void An_offer_that_was_overtaken_changes_nothing()
    {
        Add("ada-1", step: 5);
        Add("ada-1", step: 3);
        Assert.Equal(1, queue.Count);
        queue.Remove("ada-1", 4);
        Assert.Equal(5, queue.Take(RunKind.Agent, _ => false)?.Step);
        Add("ada-1", step: 7);
        queue.Remove("ada-1", 7);
        Assert.Equal(0, queue.Count);
    }

    private void Add(string task, string repo = "shop", RunKind kind = RunKind.Agent, int step = 1) => queue.Add(new QueueEntry(task, task.Split('-')[0], repo, step, kind));

    private List<string> Foretold(params string[] tasks) => [.. tasks.OrderBy(queue.PositionOf)];

    private string? Take() => queue.Take(RunKind.Agent, _ => false)?.TaskId;

    private List<string> TakeAll()
    {
        var all = new List<string>();
        while (Take() is { } task) all.Add(task);
        return all;
    }
}
