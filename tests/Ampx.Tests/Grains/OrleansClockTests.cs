using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class OrleansClockTests
{
    [Fact]
    public async Task A_wait_for_less_than_a_millisecond_ends_although_the_clock_stands()
    {
        var clock = new OrleansClock(new FakeTimeProvider());
        var due = clock.GetUtcNow().AddMilliseconds(0.4);
        var waits = Task.Run(async () =>
        {
            while (due - clock.GetUtcNow() is var rest && rest > TimeSpan.Zero) await Task.Delay(rest, clock);
        });
        await waits.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
