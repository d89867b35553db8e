using Ampx.Chaos;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>The short form of <c>scripts/chaos.sh</c>: a dozen tasks of every kind on two silos, half a dozen faults, a new seed each time.</summary>
public sealed class ChaosTests
{
    [Fact]
    public async Task A_dozen_tasks_end_as_they_should_whatever_breaks()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("AMPX_TEST_POSTGRES") is null, "there is no PostgreSQL: scripts/test.sh starts one");
        var seed = int.TryParse(Environment.GetEnvironmentVariable("AMPX_CHAOS_SEED"), out var given) ? given : Random.Shared.Next(1, 1_000_000);
        var output = TestContext.Current.TestOutputHelper;
        var report = await ChaosSuite.Run(ChaosOptions.Short(seed), words => output?.WriteLine(words), TestContext.Current.CancellationToken);
        output?.WriteLine(report.Table());
        Assert.True(report.Differences.Count == 0, $"again with AMPX_CHAOS_SEED={seed}:\n{string.Join('\n', report.Differences)}");
    }
}
