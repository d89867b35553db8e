using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Tests.FakeGitHub;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class PullRequestWatchTests : IDisposable
{
    private readonly StorageFolder files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task What_the_forge_tells_of_a_pull_request_reaches_the_task_that_waits_for_CI()
    {
        await using var forge = await Forge.Start();
        await using var silo = await Begin(forge);
        var task = await Planted(silo, forge, "amp/one", new() { Phase = Phase.WaitingForCi, CiSince = StorageFolder.Start });
        var other = await Planted(silo, forge, "amp/two", new() { Phase = Phase.WaitingForCi, CiSince = StorageFolder.Start });
        await forge.Send(HttpMethod.Patch, $"pulls/{task.PullRequest!.Number}", new { state = "closed" });

        await Watch(silo, forge).Hint("delivery-1", task.PullRequest.Number);

        var after = (await silo.Task(task.Id).Find())!;
        Assert.Equal((Status.NeedsReview, ErrorCodes.PullRequestClosed, PullRequestState.Closed), (after.Status, after.Error?.Code, after.PullRequest?.State));
        Assert.Equal(other.Version, (await silo.Task(other.Id).Find())!.Version);
    }

    [Fact]
    public async Task A_watch_that_begins_anew_finds_what_was_armed_before()
    {
        await using var forge = await Forge.Start();
        await using var silo = await Begin(forge);
        // By the real clock: a watch whose days are over ends.
        var until = TimeProvider.System.GetUtcNow().AddDays(7);
        var task = await Planted(silo, forge, "amp/one", new() { Phase = Phase.Done, Status = Status.Success, NextWakeAt = until, ArmedUntil = until }, armed: true);
        await forge.Send(HttpMethod.Put, $"pulls/{task.PullRequest!.Number}/merge");

        await silo.Grains.GetGrain<IWakeGrain>(0).Start();

        var after = await silo.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal((Status.Success, false, null), (after.Status, after.PullRequest!.AutoMerge, after.NextWakeAt));
    }

    private sealed record Where
    {
        public Phase Phase { get; init; }
        public Status Status { get; init; } = Status.Running;
        public DateTimeOffset? CiSince { get; init; }
        public DateTimeOffset? NextWakeAt { get; init; }
        public DateTimeOffset? ArmedUntil { get; init; }
    }

    private async Task<Silo> Begin(Forge forge) => await Silo.Start(files, null,
        ("Ci:PollInterval", "01:00:00"), ("GitHub:ApiUrl", forge.Server.ApiUrl.ToString()), ("GitHub:WebUrl", forge.Server.WebUrl.ToString()), ("GitHub:Token", forge.Token));

    private static IPullRequestWatchGrain Watch(Silo silo, Forge forge) =>
        silo.Grains.GetGrain<IPullRequestWatchGrain>(IPullRequestWatchGrain.KeyOf(RepoRef.Parse(Forge.Name, new Uri(forge.Server.WebUrl.ToString()), out _)!.Key));

    private static async Task<TaskState> Planted(Silo silo, Forge forge, string branch, Where where, bool armed = false)
    {
        var (sha, _) = await forge.Push(branch, "file", branch);
        var number = await forge.OpenPull(branch);
        return await silo.Plant(Silo.NewTask(repo: Forge.Name) with
        {
            Branch = branch,
            Base = "main",
            HeadSha = sha,
            RemoteSha = sha,
            Phase = where.Phase,
            Status = where.Status,
            CiSince = where.CiSince,
            NextWakeAt = where.NextWakeAt,
            ArmedUntil = where.ArmedUntil,
            PullRequest = new(number, $"{forge.Server.WebUrl}{Forge.Name}/pull/{number}", PullRequestState.Open, armed),
        });
    }
}
