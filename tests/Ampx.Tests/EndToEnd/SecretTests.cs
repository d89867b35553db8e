using System.Text;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A service that is given secrets, and an agent and a CI command that print whatever they can find of them.</summary>
public sealed class SecretTests
{
    private const string Token = "Seeded/token+for the_service-4711=", Passed = "passed-On.to/the+agent/0815", WebhookSecret = "webhook%Seeded&secret?99";

    [Fact]
    public async Task Secrets_echoed_whole_split_and_encoded_are_found_nowhere()
    {
        await using var stage = new Stage { MayHoldSecrets = "the repository itself, and so its mirror and workspace, has them from the test" };
        stage.Environment["GITHUB_TOKEN"] = Token;
        stage.Environment["Ampx__GitHub__WebhookSecret"] = WebhookSecret;
        stage.Environment["OUR_API_KEY"] = Passed;
        stage.Environment["Ampx__Agents__leaky__PassEnvironment__0"] = "OUR_API_KEY";
        var coded = Convert.ToBase64String(Encoding.UTF8.GetBytes($"x-access-token:{Token}"));
        // Where a line of 64 KiB is cut the token begins 9 characters earlier.
        stage.Agent("leaky", $"""
            cat > /dev/null
            env
            echo "whole $OUR_API_KEY"; echo "whole $OUR_API_KEY" >&2
            printf 'split passed-On.t'; sleep 0.4; echo 'o/the+agent/0815'
            head -c 65527 /dev/zero | tr '\0' 'x'; echo "$OUR_API_KEY"
            head -c 65527 /dev/zero | tr '\0' ' '; echo '{Token}'
            echo '{coded}'; echo '{Uri.EscapeDataString(Token)}'; echo '{Uri.EscapeDataString(WebhookSecret)}'
            echo last; echo x > answer
            """);
        var repo = await stage.Repository("leaks", (".ampx.yml", "ci: env; cat said; exit 1\n"), ("said", $"FAIL: error: expected {Token} but was {WebhookSecret}\n"));
        await stage.Up();

        var task = await stage.Ended((await stage.Start(repo, "Leak", "--agent", "leaky", "--max-attempts", "2")).Id);
        Assert.Equal((Status.NeedsReview, 2), (task.Status, task.Attempts));
        var feedback = (await stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts[^1].Feedback;
        Assert.Contains("error: expected *** but was ***", feedback, StringComparison.Ordinal);
        var log = (await stage.Ampx("logs", task.Id)).Out;
        Assert.Contains("whole ***", log, StringComparison.Ordinal);
        Assert.Contains("split ***", log, StringComparison.Ordinal);
        Assert.Contains("OUR_API_KEY=***", log, StringComparison.Ordinal);
        // Neither the agent nor CI has what is the service's own.
        Assert.All([Token, Passed, WebhookSecret], secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
        Assert.DoesNotContain("GITHUB_TOKEN", log, StringComparison.Ordinal);
        Assert.DoesNotContain("Ampx__", log, StringComparison.Ordinal);

        // Of the data folder and its secret files nothing is for others.
        var (_, modes, _) = await stage.Script("stat -c %a $DATA $DATA/token $DATA/*.db");
        Assert.All(modes.Split('\n', StringSplitOptions.RemoveEmptyEntries), mode => Assert.EndsWith("00", mode, StringComparison.Ordinal));
        Assert.StartsWith("700\n600\n600\n", modes, StringComparison.Ordinal);

        // What looks for them does find them.
        var found = await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => new SeededSecrets(stage, Token) { Meant = ["leaky.sh"] }.NowhereToBeFound());
        Assert.Contains("/said: secret 0", found.Message, StringComparison.Ordinal);
        // The agent's script and the repository have the secrets from the test.
        await new SeededSecrets(stage, Token, Passed, WebhookSecret) { Meant = ["leaky.sh", "/said"] }
            .NowhereToBeFound("tasks", $"tasks/{task.Id}", $"tasks/{task.Id}/logs", $"tasks/{task.Id}/timeline", $"tasks/{task.Id}/attempts", "doctor", "stats", "whoami");
    }
}
