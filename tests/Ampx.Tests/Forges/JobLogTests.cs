using System.Net;
using System.Text;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Xunit;
using static Ampx.Tests.Forges.FakeGitHubApi;

namespace Ampx.Tests.Forges;

public sealed class JobLogTests : IDisposable
{
    private const string Link = "GET repos/o/r/actions/jobs/9000000001/logs";
    private const string Storage = "https://logs.example.net/1?sig=x";
    private const string Log = "2026-01-01T12:00:02.1Z ##[group]Run npm test\n2026-01-01T12:00:02.1Z ##[endgroup]\n2026-01-01T12:00:03.1Z passed: a\n2026-01-01T12:00:03.1Z Error: expected 3 to equal 4\n2026-01-01T12:00:03.2Z ##[error]Process completed with exit code 1.\n";
    private readonly FakeGitHubApi _github = new();

    public JobLogTests() => _github.HasRuns("ci push failure").Says("GET repos/o/r/actions/runs/7000000000/jobs", Jobs("test"));

    public void Dispose() => _github.Dispose();

    [Fact]
    public async Task A_download_that_breaks_off_is_begun_again_from_a_fresh_link()
    {
        _github.Says(Link, "", HttpStatusCode.Found, ("Location", $"{Storage}1")).Says(Link, "", HttpStatusCode.Found, ("Location", $"{Storage}2"))
            .Says($"GET {Storage}1", () => Answer(new Breaking(Log, Log.Length * 6 / 10))).Says($"GET {Storage}2", () => Answer(new Breaking(Log, Log.Length)));

        var feedback = await Collect();

        Assert.Equal("test: expected 3 to equal 4", feedback.Cause);
        Assert.DoesNotContain("Only the beginning", feedback.Text, StringComparison.Ordinal);
        Assert.Equal((2, 1, 1), (_github.Calls(Link), _github.Calls($"GET {Storage}1"), _github.Calls($"GET {Storage}2")));
        Assert.Single(feedback.Text.Split('\n'), line => line == "passed: a");
    }

    [Fact]
    public async Task A_download_that_always_breaks_off_gives_what_came_and_says_so()
    {
        _github.Says(Link, "", HttpStatusCode.Found, ("Location", Storage)).Says($"GET {Storage}", () => Answer(new Breaking(Log, Log.Length - 60)));

        var feedback = await Collect();

        Assert.Contains("Only the beginning of this job's log could be read: its download failed (", feedback.Text, StringComparison.Ordinal);
        Assert.Contains("expected 3 to equal 4", feedback.Text, StringComparison.Ordinal);
        Assert.Equal(5, _github.Calls(Link));
    }

    [Fact]
    public async Task A_link_that_has_run_out_is_asked_for_anew()
    {
        _github.Says(Link, "", HttpStatusCode.Found, ("Location", $"{Storage}1")).Says(Link, "", HttpStatusCode.Found, ("Location", $"{Storage}2"))
            .Says($"GET {Storage}1", HttpStatusCode.Forbidden, "AuthenticationFailed").Says($"GET {Storage}2", () => Answer(new Breaking(Log, Log.Length)));

        Assert.Equal("test: expected 3 to equal 4", (await Collect()).Cause);
        Assert.All(_github.Seen.Where(seen => seen.Call.Contains("logs.example.net", StringComparison.Ordinal)), seen => Assert.Null(seen.Authorization));
    }

    [Fact]
    public async Task A_used_up_rate_limit_is_waited_out_and_is_no_missing_log()
    {
        var reset = _github.Time.GetUtcNow().AddMinutes(20);
        _github.Says(Link, HttpStatusCode.Forbidden, "API rate limit exceeded", ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", $"{reset.ToUnixTimeSeconds()}"));

        var limit = await Assert.ThrowsAsync<ForgeException>(Collect);

        Assert.Equal(reset, limit.RetryAt);
        Assert.Equal(1, _github.Calls(Link));
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests, "slow down", "90", 90)]
    [InlineData(HttpStatusCode.Forbidden, "You have exceeded a secondary rate limit", "30", 30)]
    [InlineData(HttpStatusCode.Forbidden, "You have exceeded a secondary rate limit", null, 60)]
    [InlineData(HttpStatusCode.TooManyRequests, "slow down", null, 60)]
    public async Task A_wish_to_slow_down_is_obeyed(HttpStatusCode status, string words, string? retryAfter, int seconds)
    {
        _github.Says(Link, status, words, retryAfter is null ? [] : [("retry-after", retryAfter)]);

        var limit = await Assert.ThrowsAsync<ForgeException>(Collect);

        Assert.Equal(_github.Time.GetUtcNow().AddSeconds(seconds), limit.RetryAt);
    }

    [Fact]
    public async Task A_credential_that_died_is_no_missing_log()
    {
        _github.Says(Link, HttpStatusCode.Unauthorized);

        Assert.Equal(ErrorCodes.GitHubUnauthorized, (await Assert.ThrowsAsync<ForgeException>(Collect)).Code);
    }

    [Fact]
    public async Task A_download_that_falls_silent_is_begun_again()
    {
        var silent = new Breaking(Log, 100, hangs: true);
        _github.Says(Link, "", HttpStatusCode.Found, ("Location", $"{Storage}1")).Says(Link, "", HttpStatusCode.Found, ("Location", $"{Storage}2"))
            .Says($"GET {Storage}1", () => Answer(silent)).Says($"GET {Storage}2", () => Answer(new Breaking(Log, Log.Length)));

        var collecting = Collect();
        await silent.Silent.WaitAsync(TimeSpan.FromSeconds(30));
        _github.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("test: expected 3 to equal 4", (await collecting.WaitAsync(TimeSpan.FromSeconds(30))).Cause);
    }

    private Task<FeedbackCollected> Collect() => _github.Forge().CollectFeedback(_github.Repo, _github.Task, default);

    private static HttpResponseMessage Answer(Stream body) => new(HttpStatusCode.OK) { Content = new StreamContent(body) };

    /// <summary>Gives the first <paramref name="length"/> bytes in small pieces; what lacks then breaks the connection, or keeps it waiting.</summary>
    private sealed class Breaking(string text, int length, bool hangs = false) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Silent => _silent.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position >= length && Position < Length)
            {
                if (!hangs) throw new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
                _silent.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return await base.ReadAsync(buffer[..Math.Min(Math.Min(buffer.Length, 40), Math.Max(1, length - (int)Position))], cancellationToken);
        }
    }
}
