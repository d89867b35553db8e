namespace Ampx.Chaos.Machines;

/// <summary>The program that is tested: the published one that <c>AMPX_TEST_PROGRAM</c> names, which starts with half the work, else the one beside the tests.</summary>
public static class AmpxProgram
{
    public static string Path { get; } = Environment.GetEnvironmentVariable("AMPX_TEST_PROGRAM") is { Length: > 0 } published
        ? System.IO.Path.GetFullPath(published) : System.IO.Path.Combine(AppContext.BaseDirectory, "ampx");
}
