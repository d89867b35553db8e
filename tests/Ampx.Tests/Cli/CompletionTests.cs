using System.Diagnostics;
using Ampx.Chaos.Machines;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>What the shells are given to complete with, and that they do.</summary>
public sealed class CompletionTests(RowStage stage) : IClassFixture<RowStage>
{
    [Theory]
    [InlineData("words|list|ls|logs|login", "l")]
    [InlineData("words|--since|--source|--server", "logs", "x", "--s")]
    [InlineData("words|get|set|list|ls", "config", "")]
    [InlineData("words|server|token", "config", "set", "")]
    [InlineData("words|AK3F9Q|BBBBBB|CCCCCC", "show", "")]
    [InlineData("words|BBBBBB", "show", "bbb")]
    [InlineData("words|AK3F9Q", "abort", "")]
    [InlineData("words|BBBBBB", "merge", "--method", "squash", "")]
    [InlineData("words|CCCCCC", "rm", "BBBBBB", "")]
    [InlineData("words|acme/shop", "start", "--repo", "acme")]
    [InlineData("words|--repo=acme/shop", "ls", "--repo=ac")]
    [InlineData("words|running,retrying", "ls", "--status", "running,r")]
    [InlineData("words|worker-a|worker-b", "drain", "")]
    [InlineData("words|squash", "merge", "--method", "s")]
    [InlineData("words|bash", "completion", "b")]
    [InlineData("dirs", "up", "--data", "")]
    [InlineData("dirs", "start", "./s")]
    [InlineData("files", "admin", "backup", "")]
    [InlineData("words", "show", "AK3F9Q", "")]
    [InlineData("words", "nothing", "")]
    public async Task The_word_at_the_cursor_gets_its_candidates(string expected, params string[] words)
    {
        stage.Reset();
        var result = await stage.Home.Run(["__complete", .. words]);
        Assert.Equal((0, ""), (result.Exit, result.Error));
        Assert.Equal(expected.Split('|'), result.Out.TrimEnd('\n').Split('\n').Select(line => line.Split('\t')[0]));
    }

    [Fact]
    public async Task Without_a_service_there_are_no_ids_and_no_error_and_nobody_waits()
    {
        var began = Stopwatch.GetTimestamp();
        var result = await stage.Home.Run("__complete", "--server", "http://127.0.0.1:1", "show", "");
        Assert.Equal((0, "words\n", ""), (result.Exit, result.Out, result.Error));
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("ampx sho", "show")]
    [InlineData("ampx show bbb", "BBBBBB")]
    [InlineData("ampx ls --repo=ac", "acme/shop")]
    [InlineData("ampx ls --server http://h:1 --stat", "--status")]
    [InlineData("ampx up --data fold", "folder")]
    public async Task Bash_completes_a_line(string line, string expected)
    {
        stage.Reset();
        Directory.CreateDirectory(Path.Combine(stage.Home.Folder, "folder"));
        var script = $"""
            set -u
            source <(ampx completion bash)
            COMP_LINE='{line}' COMP_POINT={line.Length} COMP_CWORD=0 COMP_WORDS=()
            _ampx
            printf '%s\n' "${"{COMPREPLY[@]}"}"
            """;
        Assert.Equal((0, $"{expected}\n"), await Shell("bash", script));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task A_script_is_one_that_its_shell_can_read(string shell)
    {
        var script = await stage.Home.Run("completion", shell);
        Assert.Equal((0, ""), (script.Exit, script.Error));
        Assert.Contains("__complete", script.Out, StringComparison.Ordinal);
        var file = Path.Combine(stage.Home.Folder, $"ampx.{shell}");
        File.WriteAllText(file, script.Out);
        Assert.Equal((0, ""), await Shell(shell, null, "-n", file));
    }

    [Theory]
    [InlineData("ampx sho", "show")]
    [InlineData("ampx ls --status ab", "aborted")]
    [InlineData("ampx show AK3", "AK3F9Q")]
    public async Task Fish_completes_commands_values_and_tasks(string line, string expected)
    {
        stage.Reset();
        var (exit, told) = await Shell("fish", $"ampx completion fish | source; complete -C '{line}'");
        Assert.Equal((0, expected), (exit, told.TrimEnd('\n').Split('\t')[0]));
    }

    /// <summary>In a shell without its completion system, as <c>zsh -f</c> is: the script brings that.</summary>
    [Fact]
    public async Task Zsh_knows_the_script_s_function_once_it_is_sourced() =>
        Assert.Equal((0, "_ampx\n"), await Shell("zsh", "source <(ampx completion zsh); print -r -- $_comps[ampx]"));

    private async Task<(int Exit, string Out)> Shell(string shell, string? script, params string[] arguments)
    {
        var start = new ProcessStartInfo(shell, script is null ? arguments : ["-c", script]);
        stage.Home.Prepare(start);
        start.Environment["PATH"] = $"{Path.GetDirectoryName(AmpxProgram.Path)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }
}
