using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class MirrorsTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_mirror_follows_the_remote()
    {
        var mirror = await world.Mirrors.Fetch(world.Remote);
        Assert.Equal(("main", world.First), (mirror.DefaultBranch, mirror.Heads["main"]));

        var next = world.SaveAndPush("second", "feature");
        var after = await world.Mirrors.Fetch(world.Remote);
        Assert.Equal(next, after.Heads["feature"]);

        world.Git(world.Origin, "branch", "-D", "feature");
        Assert.DoesNotContain("feature", (await world.Mirrors.Fetch(world.Remote)).Heads.Keys);
        Assert.True(await world.Mirrors.Has(world.Remote, next)); // its objects stay for those who borrow them
    }

    [Fact]
    public async Task A_crash_in_the_first_fetch_leaves_nothing_in_the_way()
    {
        var half = world.Mirrors.PathOf(world.Remote) + ".new";
        Directory.CreateDirectory(Path.Combine(half, "objects"));
        await File.WriteAllTextAsync(Path.Combine(half, "HEAD"), "torn");
        Assert.Equal(world.First, (await world.Mirrors.Fetch(world.Remote)).Heads["main"]);
        Assert.False(Directory.Exists(half));
    }

    [Fact]
    public async Task A_renamed_default_branch_is_noticed()
    {
        await world.Mirrors.Fetch(world.Remote);
        world.Git(world.Origin, "branch", "-m", "main", "trunk");
        world.Git(world.Origin, "symbolic-ref", "HEAD", "refs/heads/trunk");
        Assert.Equal("trunk", (await world.Mirrors.Fetch(world.Remote)).DefaultBranch);
    }

    [Fact]
    public async Task A_request_sees_what_was_pushed_before_it_also_when_fetches_are_many()
    {
        await world.Mirrors.Fetch(world.Remote);
        for (var round = 0; round < 5; round++)
        {
            var early = world.Mirrors.Fetch(world.Remote);
            var sha = world.SaveAndPush($"round {round}");
            var late = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.Mirrors.Fetch(world.Remote)));
            Assert.All(late, m => Assert.Equal(sha, m.Heads["main"]));
            await early;
        }
    }

    [Fact]
    public async Task An_empty_repository_is_a_fact_until_it_has_a_commit()
    {
        var empty = Path.Combine(world.Root, "empty.git");
        world.Git(world.Root, "init", "-q", "--bare", "-b", "main", empty);
        Assert.Equal("empty_repo", (await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(new GitRemote(empty)))).Code);
        world.Git(world.Person, "push", "-q", empty, "main");
        Assert.Single((await world.Mirrors.Fetch(new GitRemote(empty))).Heads);
    }

    [Theory]
    [InlineData("--upload-pack=touch canary")]
    [InlineData("ext::sh -c touch% canary")]
    [InlineData("-x")]
    [InlineData("fd::1")]
    [InlineData("ssh://-oProxyCommand=touch canary/x")]
    [InlineData("-oProxyCommand=x:y")]
    [InlineData("host:-x")]
    [InlineData("ftp://host/x")]
    [InlineData("/nowhere/at/all")]
    [InlineData("relative/path")]
    [InlineData("https://host/x\n--evil")]
    [InlineData("")]
    public async Task What_is_no_repository_is_invalid(string url) =>
        Assert.Equal("invalid_repo", (await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(new GitRemote(url)))).Code);

    [Theory]
    [InlineData("https://host/o/r.git")]
    [InlineData("git@host:o/r.git")]
    [InlineData("ssh://git@host:22/o/r.git")]
    [InlineData("https://host:8443/o/r")]
    public void Usual_addresses_are_valid(string url) => Assert.Equal(url, new GitRemote(url).Checked().Address);

    [Fact]
    public async Task A_folder_that_is_no_repository_is_invalid()
    {
        var plain = Directory.CreateDirectory(Path.Combine(world.Root, "plain")).FullName;
        Assert.Equal("invalid_repo", (await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(new GitRemote(plain)))).Code);
    }

    [Fact]
    public async Task A_settings_planted_in_the_remote_do_nothing()
    {
        var canary = Path.Combine(world.Root, "canary");
        world.Git(world.Origin, "config", "core.fsmonitor", $"touch {canary}");
        world.Git(world.Origin, "config", "uploadpack.packObjectsHook", $"touch {canary}");
        await world.Mirrors.Fetch(world.Remote);
        Assert.False(File.Exists(canary));
    }
}
