using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>What was seen when it was found right, a file each under <c>Cli/Snapshots</c>. <c>AMPX_SNAPSHOTS=write</c> writes them anew, to be read in the diff.</summary>
internal static class Snapshot
{
    public static void Is(string name, string actual)
    {
        var file = Path.Combine(Checkout.File("tests/Ampx.Tests/Cli"), "Snapshots", $"{name}.txt");
        if (Environment.GetEnvironmentVariable("AMPX_SNAPSHOTS") == "write")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
            return;
        }

        Assert.True(File.Exists(file), $"{file} is missing; this was seen:\n{actual}");
        Assert.Equal(File.ReadAllText(file), actual);
    }
}
