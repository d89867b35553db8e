using Ampx.Runs;
using Ampx.Silo.Agents;
using Xunit;

namespace Ampx.Tests.Agents;

public sealed class AgentOutcomeTests
{
    private static readonly AgentUsage s_usage = new(1, 0, 1);
    private static readonly AmpFacts s_nothing = new("T-1", s_usage, false, null, null, null, null, null);
    private static readonly AmpFacts s_done = s_nothing with { HasResult = true, Result = "Done." };

    [Fact]
    public void Exit_0_with_a_result_is_success() =>
        Assert.Equal(new AgentOutcome.Succeeded("Done.", s_usage), AgentOutcome.Of(Exited(0), s_done, "a warning"));

    [Fact]
    public void Exit_0_of_a_command_is_success_without_usage() =>
        Assert.Equal(new AgentOutcome.Succeeded("", null), AgentOutcome.Of(Exited(0), null, ""));

    [Fact]
    public void Exit_0_without_a_result_is_a_failure_of_Amp() =>
        Assert.Contains("without a result line", Failed(Exited(0), s_nothing, "agent_failed").Detail, StringComparison.Ordinal);

    [Fact]
    public void A_failure_tells_the_code_and_what_stderr_said()
    {
        Assert.Equal("The agent ended with exit code 2.\nboom", Failed(Exited(2), null, "agent_failed", "boom").Detail);
        Assert.Equal(s_usage, Failed(Exited(2), s_done, "agent_failed").Usage);
    }

    [Fact]
    public void An_error_result_is_a_failure_whatever_the_exit_code() =>
        Assert.Equal("The agent gave up: out of credits", Failed(Exited(0), s_nothing with { HasResult = true, Error = "out of credits" }, "agent_failed").Detail);

    [Theory]
    [InlineData(9, "out of memory")]
    [InlineData(11, "segmentation fault")]
    [InlineData(24, "signal 24")]
    public void Signals_are_told_in_plain_words_also_by_the_code_that_a_sandbox_gives(int signal, string words)
    {
        Assert.Contains(words, Failed(Exited(128 + signal) with { Signal = signal }, s_nothing, "agent_failed").Detail, StringComparison.Ordinal);
        Assert.Contains(words, Failed(Exited(128 + signal), s_nothing, "agent_failed").Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Error: Invalid or missing API key. Run 'amp login' to authenticate.")]
    [InlineData("No API key found. Starting login flow…")]
    public void Amp_without_a_login_is_not_signed_in(string text)
    {
        Failed(Exited(1), s_nothing, "agent_not_signed_in", text);
        Failed(Ended(RunReason.Stalled), s_nothing with { LastPlainLine = text }, "agent_not_signed_in");
        Failed(Exited(1), null, "agent_failed", text);
    }

    [Fact]
    public void A_command_that_is_not_there_is_agent_not_found()
    {
        Failed(Ended(RunReason.NotStarted) with { Code = 127 }, s_nothing, "agent_not_found");
        Failed(Ended(RunReason.NotStarted) with { Code = 126 }, s_nothing, "agent_not_found");
        Failed(Ended(RunReason.NotStarted) with { Code = 1 }, s_nothing, "agent_failed");
    }

    [Fact]
    public void Clocks_have_codes_of_their_own_and_what_was_done_before_counts()
    {
        Failed(Ended(RunReason.TimedOut), s_nothing, "agent_timeout");
        Assert.Equal("why", Failed(Ended(RunReason.Stalled), s_nothing, "agent_stalled").Detail);
        Assert.Equal("The run was ended: why.", Failed(Ended(RunReason.OverLimit), s_nothing, "agent_failed").Detail);
        Assert.IsType<AgentOutcome.Stopped>(AgentOutcome.Of(Ended(RunReason.LeaseEnded), s_nothing, ""));
        Assert.IsType<AgentOutcome.Succeeded>(AgentOutcome.Of(Ended(RunReason.Stalled), s_done, ""));
        Assert.IsType<AgentOutcome.Succeeded>(AgentOutcome.Of(Ended(RunReason.OverLimit), s_done, ""));
    }

    [Fact]
    public void A_run_that_we_stopped_is_stopped_and_its_tokens_are_paid() =>
        Assert.Equal(new AgentOutcome.Stopped("why", s_usage), AgentOutcome.Of(Ended(RunReason.Stopped), s_done, ""));

    private static RunExit Exited(int code) => new() { Code = code, Reason = RunReason.Exited, EndedAt = default };

    private static RunExit Ended(string reason) => new() { Code = 137, Signal = 9, Reason = reason, Detail = "why", EndedAt = default };

    private static AgentOutcome.Failed Failed(RunExit exit, AmpFacts? facts, string code, string errors = "")
    {
        var failed = Assert.IsType<AgentOutcome.Failed>(AgentOutcome.Of(exit, facts, errors));
        Assert.Equal(code, failed.Code);
        return failed;
    }
}
