using Ampx.Core.Tasks;
using Ampx.Silo.Doctor;
using Ampx.Silo.Git;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Git;
using Xunit;

namespace Ampx.Tests.Doctor;

public sealed class PlainRepositoryTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_repository_with_a_ci_command_is_fine()
    {
        world.Write(".ampx.yml", "ci: make test\n");
        world.SaveAndPush("CI");
        var found = await At(world.Origin);
        Assert.Empty(found.Wrong);
        found.Fine("repository", "default branch main");
        found.Fine("ci-command", "'make test', from .ampx.yml on main");
    }

    [Fact]
    public async Task Without_a_ci_command_tasks_need_one_of_their_own() => (await At(world.Origin)).Warns("ci-command", "--ci", "ci: make test");

    [Fact]
    public async Task What_is_no_repository_or_has_nothing_in_it_is_bad()
    {
        Directory.CreateDirectory(Path.Combine(world.Root, "empty"));
        (await At(Path.Combine(world.Root, "empty"))).Bad("repository", "is not a git repository");
        (await At(Path.Combine(world.Root, "missing"))).Bad("repository", "there is no folder");
        world.InitAt(Path.Combine(world.Root, "empty"));
        (await At(Path.Combine(world.Root, "empty"))).Bad("repository", "Commit something");
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_is_bad()
    {
        await using var disk = await Mount.ReadOnly(world.Origin);
        Assert.SkipWhen(disk is null, "only root can make a folder read-only for itself");
        (await At(world.Origin)).Bad("repository-write", "can't write", $"{world.Origin}/objects");
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_told_with_git_s_own_words()
    {
        var found = await At("https://127.0.0.1:1/acme/shop.git");
        found.Bad("repository", "Failed to connect to 127.0.0.1 port 1", "git ls-remote https://127.0.0.1:1/acme/shop.git");
        Assert.Equal(["repository"], found.Names);
    }

    [Fact]
    public async Task A_repository_of_GitHub_is_not_its_matter() =>
        Assert.Empty((await Found.By(new PlainRepositoryExam(world.Runner, new LocalRepositories(world.Runner)), RepoRef.Parse("acme/shop", new("https://github.com/"), out _))).Names);

    private Task<Found> At(string repo) =>
        Found.By(new PlainRepositoryExam(world.Runner, new LocalRepositories(world.Runner)), RepoRef.Parse(repo, new("https://github.com/"), out _));
}
