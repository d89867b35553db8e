using Ampx.Silo.Hosting;
using FsCheck.Xunit;
using Xunit;

namespace Ampx.Tests.Hosting;

public sealed class SteadyClockTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly Machine machine = new();

    [Fact]
    public void It_goes_with_the_machines_clock_while_that_is_right()
    {
        var clock = machine.Clock();
        Assert.Equal(Noon, clock.GetUtcNow());
        machine.Pass(Hour);
        Assert.Equal(Noon + Hour, clock.GetUtcNow());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_jump_of_an_hour_is_taken_up_in_ten(int hours)
    {
        var clock = machine.Clock();
        machine.Jump(Hour * hours);
        Assert.Equal(Noon, clock.GetUtcNow());
        machine.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(Noon + TimeSpan.FromMinutes(10 + hours), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromMinutes(59) * hours, clock.Behind);
        machine.Pass(Hour * 10);
        Assert.Equal(machine.Wall, clock.GetUtcNow());
    }

    [Property]
    public void However_the_machines_clock_jumps_what_passes_is_right_to_a_tenth((short Seconds, short Jump)[] story)
    {
        var clock = machine.Clock();
        foreach (var (seconds, jump) in story)
        {
            var before = clock.GetUtcNow();
            var passed = TimeSpan.FromSeconds(Math.Abs((int)seconds) / 10.0);
            // Up to nine hours, at most a day away from the time that passes.
            if (((machine.Wall + TimeSpan.FromSeconds(jump)) - before).Duration() < TimeSpan.FromHours(23)) machine.Jump(TimeSpan.FromSeconds(jump));
            Assert.Equal(before, clock.GetUtcNow());
            machine.Pass(passed);
            Assert.InRange(clock.GetUtcNow() - before, passed * 0.9, passed * 1.1);
        }
    }

    [Property]
    public void It_never_goes_back_and_never_away_from_the_machines_clock((int Seconds, int Jump)[] story)
    {
        var clock = machine.Clock();
        foreach (var (seconds, jump) in story)
        {
            machine.Jump(TimeSpan.FromSeconds(jump % 500_000));
            var (before, away) = (clock.GetUtcNow(), clock.Behind);
            machine.Pass(TimeSpan.FromSeconds(Math.Abs((long)seconds)));
            Assert.True(clock.GetUtcNow() >= before);
            Assert.True(clock.Behind.Duration() <= away.Duration());
        }
    }

    [Property]
    public void It_does_not_matter_how_often_it_is_read(ushort seconds, short jump, byte reads)
    {
        var (often, once) = (machine.Clock(), machine.Clock());
        machine.Jump(TimeSpan.FromSeconds(jump));
        for (var i = 0; i <= reads; i++)
        {
            machine.Pass(TimeSpan.FromSeconds((double)seconds) / (reads + 1));
            often.GetUtcNow();
        }

        Assert.InRange((often.GetUtcNow() - once.GetUtcNow()).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_jump_during_a_restart_is_taken_up_as_slowly(int hours)
    {
        var before = machine.Clock().Mark;
        machine.Pass(TimeSpan.FromMinutes(1));
        machine.Jump(Hour * hours);
        Assert.Equal(Noon + TimeSpan.FromSeconds(60 + 6 * hours), machine.Clock(before).GetUtcNow());
    }

    [Fact]
    public void A_clock_that_was_not_set_before_is_believed_at_once_when_it_goes_forward()
    {
        var clock = machine.Clock();
        machine.Jump(TimeSpan.FromDays(400));
        machine.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(machine.Wall, clock.GetUtcNow());
    }

    [Fact]
    public void A_clock_that_was_days_ahead_is_believed_again_at_a_start()
    {
        var clock = machine.Clock();
        machine.Jump(TimeSpan.FromDays(-400));
        machine.Pass(TimeSpan.FromSeconds(1));
        Assert.True(clock.GetUtcNow() > Noon);
        Assert.Equal(machine.Wall, machine.Clock(clock.Mark).GetUtcNow());
    }

    [Fact]
    public void A_mark_from_the_future_of_this_boot_says_nothing()
    {
        Assert.Equal(Noon, machine.Clock(new ClockMark(Noon + Hour, Hour)).GetUtcNow());
    }

    /// <summary>A machine whose clock is set by the test.</summary>
    private sealed class Machine : TimeProvider
    {
        private TimeSpan sinceBoot = TimeSpan.FromMinutes(5);

        public DateTimeOffset Wall { get; private set; } = Noon;

        public override DateTimeOffset GetUtcNow() => Wall;

        public SteadyClock Clock(ClockMark? mark = null) => new(this, () => sinceBoot, mark);

        public void Pass(TimeSpan time) => (Wall, sinceBoot) = (Wall + time, sinceBoot + time);

        public void Jump(TimeSpan by) => Wall += by;
    }
}
