using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Ampx.Chaos.Machines;
using Ampx.Cli.Connecting;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>What a script is told, also where nothing can be said to a person.</summary>
public sealed class ExitTests(RowStage stage) : IClassFixture<RowStage>
{
    [Theory]
    [InlineData("ampx show zzzzzz 2>&-", 3)]
    [InlineData("ampx show zzzzzz 2>/dev/full", 3)]
    [InlineData("ampx show zzzzzz --json >/dev/full", 3)]
    [InlineData("ampx --server http://127.0.0.1:1 ls 2>&-", 5)]
    [InlineData("ampx ls >/dev/full", 1)]
    [InlineData("ampx ls --json >/dev/full", 1)]
    [InlineData("ampx config list >&-", 1)]
    [InlineData("ampx show ''", 2)]
    [InlineData("ampx wait ''", 2)]
    [InlineData("ampx abort ''", 2)]
    [InlineData("ampx logs ' '", 2)]
    [InlineData("ampx logs tak3f9q --tail 0", 0)]
    [InlineData("ampx logs zzzzzz --tail 0", 3)]
    [InlineData("AMPX_TOKEN=$'secret\\r\\n' ampx ls", 0)]
    [InlineData("AMPX_TOKEN=é ampx ls", 2)]
    public async Task A_script_is_told_how_it_ended(string line, int exit) => Assert.Equal(exit, (await Run(line)).Exit);

    [Theory]
    [InlineData("ampx start acme/shop '- fix the tests'")]
    [InlineData("ampx start --draft '- fix the tests' --repo acme/shop")]
    [InlineData("ampx start acme/shop --task '- fix the tests'")]
    [InlineData("ampx start acme/shop -- '- fix the tests'")]
    public async Task A_task_may_begin_with_a_dash(string line)
    {
        Assert.Equal(0, (await Run(line)).Exit);
        Assert.Contains(stage.Server.Tasks.Values, task => task.Prompt == "- fix the tests");
    }

    [Fact]
    public async Task A_service_that_refuses_the_token_is_no_missing_one()
    {
        var (exit, output) = await Run("ampx version --token wrong");
        Assert.Equal(0, exit);
        Assert.Contains("doesn't say", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_too_much_is_let_in_after_the_wait()
    {
        var answers = new Queue<(HttpStatusCode Status, int Wait)>([(HttpStatusCode.TooManyRequests, 0), (HttpStatusCode.TooManyRequests, 0), (HttpStatusCode.OK, 0), (HttpStatusCode.TooManyRequests, 31)]);
        using var turn = new HttpMessageInvoker(new WaitsItsTurn(new Answering(answers)));
        foreach (var expected in new[] { HttpStatusCode.OK, HttpStatusCode.TooManyRequests })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1");
            using var answer = await turn.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_stream_in_which_nothing_is_heard_has_broken_off()
    {
        await using var heard = new HeardStream(new Pipe().Reader.AsStream(), TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAsync<IOException>(async () => await heard.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    private async Task<(int Exit, string Output)> Run(string line)
    {
        stage.Reset();
        var start = new ProcessStartInfo("bash", ["-c", line]);
        stage.Home.Prepare(start);
        start.Environment["PATH"] = $"{Path.GetDirectoryName(AmpxProgram.Path)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var bash = Process.Start(start)!;
        bash.StandardInput.Close();
        var errors = bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        await errors;
        return (bash.ExitCode, output);
    }

    private sealed class Answering(Queue<(HttpStatusCode Status, int Wait)> answers) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (status, wait) = answers.Dequeue();
            return Task.FromResult(new HttpResponseMessage(status) { Headers = { RetryAfter = new(TimeSpan.FromSeconds(wait)) } });
        }
    }
}
