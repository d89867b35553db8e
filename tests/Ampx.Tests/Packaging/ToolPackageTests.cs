using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Packaging;

/// <summary><c>dotnet tool install ampx</c>, from a feed that has nothing but what <c>dotnet pack</c> made.</summary>
public sealed class ToolPackageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ampx-tool-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_installed_tool_has_the_service_in_it_and_carries_a_task_to_its_merge()
    {
        var feed = Path.Combine(_folder, "feed");
        // The folder of these programs is named by how they were built.
        var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        await Run(Dotnet, Checkout.File("."), "pack", "src/Ampx.Cli", "--no-build", "--nologo", "-c", configuration, "-o", feed);
        File.WriteAllText(Path.Combine(_folder, "nuget.config"), $"""<configuration><packageSources><clear/><add key="local" value="{feed}"/></packageSources></configuration>""");
        await Run(Dotnet, _folder, "tool", "install", "ampx", "--tool-path", Path.Combine(_folder, "tools"), "--configfile", Path.Combine(_folder, "nuget.config"));
        var ampx = Path.Combine(_folder, "tools", "ampx");
        Assert.StartsWith("ampx 0.1.0\n", await Run(ampx, _folder, "version"), StringComparison.Ordinal);
        var task = JsonNode.Parse(await Run(ampx, _folder, "demo", "--json"))!;
        Assert.Equal(("success", "merged"), ((string?)task["status"], (string?)task["pull_request"]!["state"]));
    }

    private static string Dotnet => Path.GetFullPath("../../../dotnet", RuntimeEnvironment.GetRuntimeDirectory());

    private async Task<string> Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in (string[])["HOME", "DOTNET_CLI_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"]) start.Environment[name] = Path.Combine(_folder, "home");
        // What packing reads was restored there; what is installed is unpacked below our own folder.
        if (folder == _folder) start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder, "packages");
        else start.Environment["NUGET_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Dotnet);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment.Remove("AMPX_SERVER");
        using var process = Process.Start(start)!;
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var kill = late.Token.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{Path.GetFileName(program)} {string.Join(' ', arguments)}: exit {process.ExitCode}\n{output}\n{await errors}");
        return output;
    }
}
