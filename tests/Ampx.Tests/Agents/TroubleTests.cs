using Ampx.Silo;
using Npgsql;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>What an agent's run does when something broke around it.</summary>
public sealed class TroubleTests
{
    [Fact]
    public void A_database_that_is_away_is_waited_for_without_end_and_looked_for_each_second()
    {
        var failures = 0;
        for (var tries = 0; tries < 100; tries++)
        {
            Assert.Equal(TimeSpan.FromSeconds(1), Trouble.PauseAfter(new NpgsqlException("away", new IOException("broken pipe")), ref failures));
            Assert.Equal(TimeSpan.FromSeconds(1), Trouble.PauseAfter(new PostgresException("starting up", "FATAL", "FATAL", PostgresErrorCodes.CannotConnectNow), ref failures));
        }

        Assert.Equal(TimeSpan.FromSeconds(2), Trouble.PauseAfter(new IOException("a full disk"), ref failures));
    }

    [Fact]
    public void What_may_pass_is_tried_five_times_within_half_a_minute_and_a_fault_of_ours_once()
    {
        var failures = 0;
        var pauses = new List<TimeSpan>();
        while (Trouble.PauseAfter(new IOException("a full disk"), ref failures) is { } pause) pauses.Add(pause);
        Assert.Equal([2, 4, 8, 16], pauses.Select(pause => pause.TotalSeconds));
        failures = 0;
        Assert.Null(Trouble.PauseAfter(new InvalidOperationException("a mistake"), ref failures));
    }
}
