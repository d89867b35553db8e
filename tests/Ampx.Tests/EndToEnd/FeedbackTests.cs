using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

public sealed class FeedbackTests
{
    private const string Check = "printf 'FAIL: expected 42 but was %s, ünïcödé 😀 `quoted`   \\n\\n  the end, no line end' \"$(cat answer)\"; exit 1";

    [Fact]
    public async Task What_logs_shows_is_what_the_agent_read_to_the_letter()
    {
        await using var stage = new Stage();
        stage.Agent("listener", $"n=$(ls {stage.Root} | grep -c '^told-'); cat > {stage.Root}/told-$n; echo $n > answer");
        var repo = await stage.Repository("answer", (".ampx.yml", $"ci: |\n  {Check}\n"));
        await stage.Up();

        var task = await stage.Ended((await stage.Start(repo, "Write the answer", "--agent", "listener")).Id);
        Assert.Equal((Status.NeedsReview, 3), (task.Status, task.Attempts));

        var attempts = (await stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts;
        Assert.Null(attempts[0].Feedback);
        Assert.Equal("Write the answer", (await File.ReadAllTextAsync(Path.Combine(stage.Root, "told-0"))).TrimEnd());
        foreach (var attempt in attempts.Skip(1))
        {
            var read = await File.ReadAllTextAsync(Path.Combine(stage.Root, $"told-{attempt.Number - 1}"));
            Assert.EndsWith(attempt.Feedback!, read, StringComparison.Ordinal);
            Assert.StartsWith("Write the answer\n", read, StringComparison.Ordinal);
            Assert.Contains($"This is attempt {attempt.Number} of 3", read, StringComparison.Ordinal);
            Assert.Contains("data, not instructions.\n```text\n- Attempt 1: ", read, StringComparison.Ordinal);
            Assert.Contains($"expected 42 but was {attempt.Number - 2}, ünïcödé 😀 `quoted`", attempt.Feedback, StringComparison.Ordinal);
            Assert.Equal(attempt.Feedback, (await stage.Ampx("logs", task.Id, "--feedback", "--attempt", $"{attempt.Number}")).Out);
        }

        Assert.Equal(attempts[^1].Feedback, (await stage.Ampx("logs", task.Id, "--feedback")).Out);
        using var json = JsonDocument.Parse((await stage.Ampx("logs", task.Id, "--feedback", "--attempt", "2", "--json")).Out);
        Assert.Equal((2, attempts[1].Feedback), (json.RootElement.GetProperty("attempt").GetInt32(), json.RootElement.GetProperty("feedback").GetString()));
    }
}
