using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A service with an agent that works, one that is nowhere, one that is no program, and an Amp that nobody has signed in.</summary>
public sealed class PickyService : IAsyncLifetime
{
    public Stage Stage { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Stage.Agent("ok", "echo 1 > file");
        foreach (var (name, command) in new[] { ("nowhere", "/opt/nowhere/agent"), ("text", Path.Combine(Stage.Root, "ok.sh")) })
        {
            Stage.Environment[$"Ampx__Agents__{name}__Kind"] = "command";
            Stage.Environment[$"Ampx__Agents__{name}__Command"] = command;
        }

        Stage.Environment["Ampx__Agents__amp__Command"] = Stage.Program("fake-amp");
        Stage.Environment["AMP_API_KEY"] = null;
        Stage.Environment["PATH"] = "/usr/bin:/bin"; // no gh that might be signed in
        var good = await Stage.Repository("good", ("README.md", "A good one."), ("folder/file", "x"));
        await Stage.Repository("broken-ci", (".ampx.yml", "ci: [make"));
        await Stage.Git(Stage.Root, "init", "-q", "--bare", "-b", "main", Path.Combine(Stage.Root, "empty.git"));
        await Stage.Git(Stage.Root, "clone", "-q", "--bare", good, Path.Combine(Stage.Root, "headless.git"));
        await Stage.Git(Path.Combine(Stage.Root, "headless.git"), "symbolic-ref", "HEAD", "refs/heads/gone");
        await Stage.Up();
    }

    public ValueTask DisposeAsync() => Stage.DisposeAsync();
}

/// <summary>A request that can't work is refused at once, in words that say what to do, and no task is made of it.</summary>
public sealed class BadRequestTests(PickyService service) : IClassFixture<PickyService>
{
    private readonly Stage stage = service.Stage;

    [Theory]
    [InlineData(422, "invalid_repo", "begins like an option", "--repo=--upload-pack=touch pwned")]
    [InlineData(422, "invalid_repo", "begins like an option", "--repo", "--upload-pack=touch pwned")]
    [InlineData(422, "invalid_repo", "remote helpers", "--repo", "ext::sh -c touch% pwned")]
    [InlineData(422, "invalid_repo", "is no repository: give owner/name", "--repo", "ssh://-oProxyCommand=touch pwned/x")]
    [InlineData(422, "invalid_repo", "there is no folder", "--repo", "{root}/none.git")]
    [InlineData(422, "invalid_repo", "is not a git repository", "--repo", "{root}/home")]
    [InlineData(422, "invalid_repo", "inside a git repository", "--repo", "{root}/good-work/folder")]
    [InlineData(422, "empty_repo", "no commits yet", "--repo", "{root}/empty.git")]
    [InlineData(422, "branch_not_found", "no branch 'nope'", "--base", "nope")]
    [InlineData(422, "branch_not_found", "'gone' for its default branch", "--repo", "{root}/headless.git")]
    [InlineData(400, "bad_request", "base must be the name of a branch", "--base", "-x")]
    [InlineData(422, "agent_not_found", "there is no agent 'nobody' here; there are: ", "--agent", "nobody")]
    [InlineData(422, "agent_not_found", "there is no program '/opt/nowhere/agent' here that can be run: install it", "--agent", "nowhere")]
    [InlineData(422, "agent_not_found", "ok.sh' here that can be run", "--agent", "text")]
    [InlineData(422, "agent_not_signed_in", "set AMP_API_KEY", "--agent", "amp")]
    [InlineData(400, "bad_request", "prompt must be given", "--task", "")]
    [InlineData(400, "bad_request", "prompt must be given", "--task", " \t\n ")]
    [InlineData(400, "bad_request", "ci must be a command", "--ci", " ")]
    [InlineData(400, "bad_request", "GitHub Actions", "--repo", "acme/shop")]
    public async Task Refused(int status, string code, string words, params string[] wrong)
    {
        // What isn't the point of the row is as it should be.
        List<string> arguments = [.. wrong.Select(word => word.Replace("{root}", stage.Root, StringComparison.Ordinal))];
        foreach (var (option, value) in new[] { ("--repo", Path.Combine(stage.Root, "good.git")), ("--task", "Do it"), ("--agent", "ok"), ("--ci", "true") })
            if (!arguments.Any(word => word.StartsWith(option, StringComparison.Ordinal))) arguments.AddRange([option, value]);
        await IsRefused(status, code, words, [.. arguments]);
    }

    [Theory]
    [InlineData("good", "--ci \"make test\"", ".ampx.yml")]
    [InlineData("broken-ci", "--ci \"make test\"", "no command under 'ci:', or isn't YAML")]
    public async Task A_repository_without_ci_names_both_ways(string repo, params string[] ways)
    {
        foreach (var way in ways) await IsRefused(422, "ci_not_configured", way, "--repo", Path.Combine(stage.Root, $"{repo}.git"), "--task", "Do it", "--agent", "ok");
    }

    [Fact]
    public async Task GitHub_without_a_credential_names_the_ways_to_give_one()
    {
        foreach (var way in new[] { "GITHUB_TOKEN", "gh auth login" }) await IsRefused(422, "github_unauthorized", way, "--repo", "acme/shop", "--task", "Do it", "--agent", "ok");
    }

    [Theory]
    [InlineData(32 * 1024 + 1, "x")]
    [InlineData(16 * 1024 + 1, "é")]
    [InlineData(3_000_000, "x")]
    public async Task An_over_long_instruction_is_told_its_size(int length, string character)
    {
        var text = string.Concat(Enumerable.Repeat(character, length));
        var (code, _, words) = await stage.AmpxReading(text, "start", "--repo", Path.Combine(stage.Root, "good.git"), "--task", "-", "--agent", "ok", "--ci", "true");
        Assert.Equal(2, code);
        Assert.Contains("32 KiB is the most", words, StringComparison.Ordinal);
        Assert.Contains("file of the repository", words, StringComparison.Ordinal);

        // By REST too, where nobody has looked before.
        var (status, problem) = await stage.Post("tasks", new { repo = Path.Combine(stage.Root, "good.git"), prompt = text[..Math.Min(text.Length, 100_000)], agent = "ok", ci = "true" });
        Assert.Equal((400, "bad_request"), (status, problem.Code));
        Assert.Contains("32 KiB", problem.Errors!["prompt"].Single(), StringComparison.Ordinal);
        await NothingWasMade();
    }

    private async Task IsRefused(int status, string code, string words, params string[] arguments)
    {
        var (exit, output, errors) = await stage.Ampx(["start", "--json", .. arguments]);
        var problem = JsonSerializer.Deserialize<Problem>(output, AmpxJson.Options)!;
        Assert.Equal((status, code, status == 400 ? 2 : 1), (problem.Status, problem.Code, exit));
        Assert.Contains(words, problem.Detail, StringComparison.Ordinal);
        Assert.Equal($"ampx: {problem.Detail}\n", errors);
        Assert.InRange(problem.Detail.Length, 10, 300);
        await NothingWasMade();
    }

    private async Task NothingWasMade()
    {
        Assert.Empty((await stage.Get<TaskList>("tasks?owner=all")).Tasks);
        Assert.Empty(Directory.GetFiles(stage.Root, "pwned*", SearchOption.AllDirectories));
    }
}
