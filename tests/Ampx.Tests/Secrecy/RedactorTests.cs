using System.Text;
using System.Text.Json;
using Ampx.Core.Ci;
using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Secrecy;

public sealed class RedactorTests
{
    private const string Secret = "h/Unter+2 \"the\" &s3cond=";

    [Fact]
    public void A_known_secret_is_masked_however_programs_pass_it_on()
    {
        var redaction = new Redaction(Secret);
        string[] forms =
        [
            Secret, Uri.EscapeDataString(Secret), Uri.EscapeDataString(Secret).Replace("%2F", "%2f", StringComparison.Ordinal).Replace("%2B", "%2b", StringComparison.Ordinal).Replace("%22", "%22", StringComparison.Ordinal).Replace("%3D", "%3d", StringComparison.Ordinal),
            System.Net.WebUtility.UrlEncode(Secret), JsonSerializer.Serialize(Secret)[1..^1], JsonSerializer.Serialize(Secret, Ampx.Core.AmpxJson.Options)[1..^1],
        ];

        foreach (var form in forms) Assert.Equal("before ***, after", redaction.Apply($"before {form}, after"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("me:")]
    [InlineData("x-access-token:")]
    public void A_known_secret_is_masked_in_base64_wherever_it_stands(string before)
    {
        var redaction = new Redaction(Secret);
        foreach (var after in new[] { "", "\n", "!!", " and more" })
        {
            var whole = Convert.ToBase64String(Encoding.UTF8.GetBytes(before + Secret + after));
            foreach (var coded in new[] { whole, whole.Replace('+', '-').Replace('/', '_') })
            {
                var shown = redaction.Apply(coded);
                Assert.Contains(Redaction.Mask, shown, StringComparison.Ordinal);
                // What is left of its two ends is less than one character of it each.
                Assert.InRange(shown.Length, 3, 3 + (((before.Length + after.Length) * 4 + 2) / 3) + 6);
            }
        }
    }

    [Theory]
    [InlineData("ghs_0123456789abcdefghijABCDEFGHIJ012345")]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("sgamp_user_01ABCDEFGHJKMNPQ_0123456789abcdef")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl")]
    public void What_looks_like_a_secret_is_masked_also_inside_other_notations(string secret)
    {
        foreach (var (before, after) in new[] { ("", ""), ("x=", ";"), ("a%3D", "%26b"), ("{\"t\":\"line\\n", "\\n\"}"), ("MY_", " ") })
            Assert.DoesNotContain(secret[..12], Redaction.WellKnown.Apply(before + secret + after), StringComparison.Ordinal);
    }

    [Fact]
    public void A_private_key_is_masked_line_by_line_and_no_line_is_lost()
    {
        string[] lines = ["first", "-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "", "MIIEowIBAAKCAQEA0123456789", "abcdefghijklmnop==", "-----END RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEA0123456789"];
        var stream = new LineRedactor(new Redactor());

        var shown = lines.Select(stream.Apply).ToList();

        Assert.Equal(lines.Length, shown.Count);
        Assert.Equal("first", shown[0]);
        Assert.DoesNotContain(shown.Take(7), line => line.Contains("MIIE", StringComparison.Ordinal) || line.Contains("abcdef", StringComparison.Ordinal));
        Assert.Equal(lines[7], shown[7]);
    }

    [Fact]
    public void A_key_that_lacks_its_end_hides_nothing_else()
    {
        var stream = new LineRedactor(new Redactor());
        Assert.Equal("this -----BEGIN PRIVATE KEY-----***", stream.Apply("this -----BEGIN PRIVATE KEY-----"));
        Assert.Equal("Error: no key, found here", stream.Apply("Error: no key, found here"));
        Assert.Equal("abcdef", stream.Apply("abcdef"));
    }

    [Fact]
    public void Who_goes_on_in_the_middle_of_a_key_shows_the_same_lines()
    {
        string[] lines = ["a", "-----BEGIN PRIVATE KEY-----", .. Enumerable.Repeat(new string('M', 64), 40), "TUlJ", "-----END PRIVATE KEY-----", "TUlJ"];
        var whole = new LineRedactor(new Redactor());
        var shown = lines.Select(whole.Apply).ToList();
        for (var at = 0; at < lines.Length; at++)
        {
            var again = new LineRedactor(new Redactor());
            foreach (var before in lines[..at]) again.Apply(before);
            Assert.Equal(shown[at..], lines[at..].Select(again.Apply));
        }

        Assert.Equal((Redaction.Mask, "TUlJ"), (shown[^3], shown[^1]));
    }

    [Fact]
    public void A_piece_is_cut_where_no_secret_is_cut_in_two()
    {
        var redaction = new Redaction("two words here");
        Assert.Equal("and ".Length, redaction.CutBefore("and two wor"u8));
        Assert.Equal("see ".Length, redaction.CutBefore("see ghp_0123456"u8));
        var endless = Encoding.UTF8.GetBytes(new string('x', 20_000));
        Assert.Equal(endless.Length, redaction.CutBefore(endless));
        Assert.Equal(endless.Length, redaction.CutBefore([.. endless, .. "two w"u8]));
    }

    [Fact]
    public void A_secret_that_becomes_known_is_masked_from_then_on()
    {
        var redactor = new Redactor();
        Assert.Equal("correct horse", redactor.Mask("correct horse"));
        redactor.Know("correct horse");
        redactor.Know("short");
        Assert.Equal("*** and short", redactor.Mask("correct horse and short"));
        for (var hour = 0; hour < 400; hour++) redactor.KnowForAWhile($"passing {hour:000}");
        Assert.Equal("***, ***, passing 000", redactor.Mask("correct horse, passing 399, passing 000"));
    }

    [Fact]
    public void What_is_said_enters_a_task_without_secrets_and_orders_keep_what_only_looks_like_one()
    {
        var redactor = new Redactor();
        redactor.Know("correct horse");
        Assert.Equal(new AgentFailed("agent_failed", "it said ***", null), new AgentFailed("agent_failed", "it said correct horse", null).Masked(redactor));
        Assert.Equal(new FeedbackCollected("*** is red", "***"), new FeedbackCollected("correct horse is red", "correct horse").Masked(redactor));
        Assert.Equal(new AgentCommitted("abc", null, null), new AgentCommitted("abc", null, null).Masked(redactor));
        const string Example = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        Assert.Equal(new ContinueRequested($"write *** and {Example}"), new ContinueRequested($"write correct horse and {Example}").Masked(redactor));
        Assert.Equal(new ContinueRequested(null), new ContinueRequested(null).Masked(redactor));
        Assert.Equal($"write *** and {Example}", new NewTask { Id = "1", Owner = "ann", Repo = "r", Agent = "amp", Prompt = $"write correct horse and {Example}" }.Masked(redactor).Prompt);
        Assert.Equal(new IssueText("*** is out", "***"), ((Prepared)new Prepared("main", "a", "b", null, null, new("correct horse is out", Example)).Masked(redactor)).Issue);
    }
}
