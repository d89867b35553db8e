using System.Runtime.Versioning;
using Ampx.Silo.Agents.Sandboxes;
using Ampx.Silo.Hosting;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Sandboxes;

[SupportedOSPlatform("linux")]
public sealed class HomesTests : IDisposable
{
    private readonly DataFolder data = DataFolder.Open(Directory.CreateTempSubdirectory("ampx-homes-").FullName);
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UnixEpoch.AddYears(60));

    public void Dispose()
    {
        data.Dispose();
        Directory.Delete(data.Path, recursive: true);
    }

    [Fact]
    public void A_home_goes_when_nobody_has_used_it_for_long_also_one_whose_folders_are_locked()
    {
        var homes = new Homes(data, clock);
        var (old, used) = (homes.Of("ann", "git/old"), homes.Of("ann", "git/used"));
        var locked = Directory.CreateDirectory(Path.Combine(old, "home", "go", "pkg")).FullName;
        File.WriteAllText(Path.Combine(locked, "module"), "x");
        File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        clock.Advance(TimeSpan.FromDays(20));
        homes.Of("ann", "git/used");
        clock.Advance(TimeSpan.FromDays(11));

        homes.RemoveUnused(TimeSpan.FromDays(30));
        Assert.False(Directory.Exists(old));
        Assert.True(Directory.Exists(used));
    }

    [Fact]
    public void It_stays_for_as_long_as_a_run_may_last()
    {
        var homes = new Homes(data, clock);
        var home = homes.Of("ann", "git/short");
        clock.Advance(TimeSpan.FromDays(7));
        homes.RemoveUnused(TimeSpan.FromMinutes(1));
        Assert.True(Directory.Exists(home));
    }
}
