using System.Diagnostics;
using Ampx.Cli.Commands.Demo;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>The demo's story, without Ampx: its agent really needs what CI says.</summary>
public sealed class DemoScriptTests : IDisposable
{
    private readonly string _checkout = Directory.CreateTempSubdirectory("ampx-demo-test-").FullName;

    public DemoScriptTests() => DemoFiles.WriteRepository(_checkout);

    public void Dispose() => Directory.Delete(_checkout, recursive: true);

    [Fact]
    public void The_test_fails_before_anybody_worked() => Assert.Equal(1, Sh("", "test.sh").Exit);

    [Fact]
    public void The_first_try_is_red_and_the_log_is_enough_for_the_second()
    {
        Agent(DemoCommand.Instruction);
        var (exit, log) = Sh("", "test.sh");
        Assert.Equal(1, exit);
        Assert.Contains("FAIL roman 4: expected IV, actual IIII\n", log, StringComparison.Ordinal);
        Assert.Contains("8 right, 8 wrong", log, StringComparison.Ordinal);

        Agent($"{DemoCommand.Instruction}\n\n---\nCI was red:\n\n```\n{log}```\n");
        Assert.Equal((0, "16 right, 0 wrong\n"), Sh("", "test.sh"));
    }

    [Fact]
    public void Without_the_log_the_second_try_is_no_better()
    {
        Agent(DemoCommand.Instruction);
        Agent($"{DemoCommand.Instruction}\n\nThis is attempt 2 of 3. CI was red.");
        Assert.Equal(1, Sh("", "test.sh").Exit);
    }

    [Fact]
    public async Task The_repository_is_a_real_one_and_goes_away()
    {
        string folder;
        using (var files = await DemoFiles.Create(keep: false, CancellationToken.None))
        {
            folder = files.Folder;
            Assert.Equal(".ampx.yml\nREADME.md\nroman.sh\ntest.sh", await DemoFiles.Git(files.Repository, CancellationToken.None, "ls-tree", "--name-only", "main"));
            Assert.Equal("exit 1: 0 right, 16 wrong", await files.FirstTest(CancellationToken.None));
        }

        Assert.False(Directory.Exists(folder));
    }

    private void Agent(string prompt) => Assert.Equal(0, Sh(prompt, "-c", DemoFiles.AgentScript).Exit);

    private (int Exit, string Out) Sh(string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("sh", arguments) { WorkingDirectory = _checkout, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["AMPX_DEMO_PAUSE"] = "0";
        using var shell = Process.Start(start)!;
        shell.StandardInput.Write(input);
        shell.StandardInput.Close();
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return (shell.ExitCode, output);
    }
}
