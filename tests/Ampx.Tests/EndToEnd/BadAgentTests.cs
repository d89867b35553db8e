using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A service with agents that misbehave.</summary>
public sealed class RowdyService : IAsyncLifetime
{
    public Stage Stage { get; } = new();
    public string Repo { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Stage.Agent("failing", "echo half > half-done; echo 'cannot reach the model' >&2; exit 3");
        Stage.Agent("halves", "printf 'caf\\303'; sleep 0.4; printf '\\251\\n'; echo 1 > file; printf 'broken \\342\\202'");
        Stage.Agent("talking", "while :; do i=$((i+1)); echo \"line $i\"; echo $i > \"$JOURNAL\"; sleep 0.01; done");
        Stage.Environment["Ampx__Agents__talking__Environment__JOURNAL"] = Path.Combine(Stage.Root, "journal");
        Stage.Agent("ignored", "mkdir -p build; date > build/out; echo 'I built it.'");
        Stage.Environment["Ampx__Agents__amp__Command"] = Stage.Program("fake-amp");
        Stage.Environment["AMP_API_KEY"] = "sgamp_user_test";
        Stage.Environment["FAKE_AMP_HOME"] = Path.Combine(Stage.Root, "amp");
        Stage.Environment["Ampx__Agents__amp__PassEnvironment__0"] = "FAKE_AMP_HOME";
        Repo = await Stage.Repository("answer", ("README.md", "An answer."), (".gitignore", "build/\n"));
        await Stage.Up();
    }

    public ValueTask DisposeAsync() => Stage.DisposeAsync();
}

/// <summary>Whatever an agent does, its task ends with a cause, and its log is there.</summary>
public sealed class BadAgentTests(RowdyService service) : IClassFixture<RowdyService>
{
    private readonly Stage stage = service.Stage;

    [Fact]
    public async Task One_that_fails_is_tried_three_times_and_its_words_are_kept()
    {
        var task = await Run("failing");
        Assert.Equal((Status.NeedsReview, ErrorCodes.AgentFailed, 3), (task.Status, task.Error?.Code, task.Attempts));
        Assert.Equal("needs review after 3 attempts: The agent ended with exit code 3.", task.Summary);
        Assert.Contains("cannot reach the model", task.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(3, (await Log(task)).Count(line => line == "cannot reach the model"));
    }

    [Fact]
    public async Task What_an_aborted_one_printed_last_is_in_its_log()
    {
        var journal = Path.Combine(stage.Root, "journal");
        var id = (await stage.Start(service.Repo, "Talk", "--agent", "talking", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(journal) && File.ReadAllText(journal).Length > 2), "the agent talks");
        Assert.Equal(0, (await stage.Ampx("abort", id)).Code);
        var task = await stage.Ended(id);
        var count = int.Parse(File.ReadAllText(journal), System.Globalization.CultureInfo.InvariantCulture);
        var lines = (await Log(task)).Where(line => line.StartsWith("line ", StringComparison.Ordinal)).ToList();
        // It may have died between a line and its note of it.
        Assert.Equal(Enumerable.Range(1, lines.Count).Select(n => $"line {n}"), lines);
        Assert.InRange(lines.Count, count, count + 1);
    }

    [Fact]
    public async Task One_that_prints_100_MB_is_heard_to_its_end()
    {
        var task = await Run("amp", "Print a lot\n\nfake: print 104857600\nfake: write answer 42\nfake: say All is printed.");
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        var end = (await stage.Get<LogPage>($"tasks/{task.Id}/logs?tail=50&source=agent")).Entries.Select(entry => entry.Text).ToList();
        Assert.Contains(end, line => line.Contains("All is printed.", StringComparison.Ordinal));
        var missing = (await stage.Ampx("logs", task.Id, "--source", "agent")).Out.Split('\n').Where(line => line.Contains("[ampx: ", StringComparison.Ordinal)).ToList();
        Assert.Contains("bytes of output were left out here", Assert.Single(missing), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_character_waits_for_its_other_half_or_is_shown_as_broken()
    {
        var task = await Run("halves");
        Assert.Equal(Status.Success, task.Status);
        var log = await Log(task);
        Assert.Contains("café", log);
        Assert.Contains("broken \uFFFD", log);
        Assert.Equal(0, (await stage.Ampx("logs", task.Id, "--json")).Code);
    }

    [Fact]
    public async Task One_that_writes_only_ignored_files_has_changed_nothing()
    {
        var task = await Run("ignored");
        Assert.Equal((Status.NeedsReview, ErrorCodes.NoChanges, 1), (task.Status, task.Error?.Code, task.Attempts));
        Assert.Contains("ignored ones don't count", task.Summary, StringComparison.Ordinal);
        Assert.Equal(2, (await Log(task)).Count(line => line == "I built it."));
        Assert.Equal("main", await stage.Git(service.Repo, "branch", "--list", "main", "amp/do-it-ignored*", "--format=%(refname:short)"));
    }

    [Fact]
    public async Task One_that_gives_up_says_why()
    {
        var task = await Run("amp", "Give up\n\nfake: error The model is overloaded");
        Assert.Equal((Status.NeedsReview, ErrorCodes.AgentFailed, 3), (task.Status, task.Error?.Code, task.Attempts));
        Assert.Contains("The model is overloaded", task.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_ends_without_a_result_has_failed()
    {
        var task = await Run("amp", "Vanish\n\nfake: write answer 1\nfake: no-result");
        Assert.Equal((Status.NeedsReview, ErrorCodes.AgentFailed, 3), (task.Status, task.Error?.Code, task.Attempts));
        Assert.Contains("without a result", task.Summary, StringComparison.Ordinal);
    }

    private async Task<TaskView> Run(string agent, string? prompt = null)
    {
        var task = await stage.Start(service.Repo, prompt ?? $"Do it {agent}", "--agent", agent, "--ci", "true");
        return await stage.Ended(task.Id);
    }

    private async Task<List<string>> Log(TaskView task) =>
        [.. (await stage.Get<LogPage>($"tasks/{task.Id}/logs?limit=1000&source=agent")).Entries.Select(entry => entry.Text)];
}
