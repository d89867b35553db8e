using System.Diagnostics;
using System.Text.RegularExpressions;
using Ampx.Chaos.Machines;
using Ampx.Core;
using Ampx.Tests.EndToEnd;
using Xunit;

namespace Ampx.Tests.Docs;

/// <summary>The examples of the documentation, run to the letter, and the commands that it describes.</summary>
public sealed partial class ExampleTests
{
    /// <summary>Right only once it was told what CI expected.</summary>
    private const string Fixer = """
        #!/bin/sh
        case "$(cat)" in
          *"expected 42"*) echo 42 > answer ;;
          *) echo 41 > answer ;;
        esac
        """;

    private const string Test = "test \"$(cat answer)\" = 42 || { echo \"FAIL: expected 42 but was $(cat answer)\"; exit 1; }\n";

    [Theory]
    [InlineData("docs/CLI.md")]
    [InlineData("docs/API.md")]
    public async Task The_examples_of_a_page_run_against_a_service(string path)
    {
        await using var stage = new Stage();
        stage.Agent("fixer", Fixer);
        var repo = await stage.Repository("answer", ("test.sh", Test));
        await stage.Up();
        var page = new Page(path);
        var script = page.Script()
            .Replace("http://127.0.0.1:8080", ServiceFile.Read(stage.Data)!.Url, StringComparison.Ordinal)
            .Replace("~/.local/share/ampx", stage.Data, StringComparison.Ordinal);
        Kept(page, await Run(stage, repo, script));
    }

    [Fact]
    public async Task The_readmes_own_agent_on_a_local_repository_works_from_up_to_down()
    {
        await using var stage = new Stage();
        stage.Environment["Ampx__Urls"] = "http://127.0.0.1:0";
        File.WriteAllText(Path.Combine(stage.Root, "my-agent"), Fixer);
        var repo = await stage.Repository("answer", ("test.sh", Test));
        var page = new Page("README.md");
        try
        {
            Kept(page, await Run(stage, repo, $"chmod +x my-agent\n{page.Script()}"));
        }
        finally
        {
            if (ServiceFile.Live(stage.Data) is not null) await stage.Ampx("down", "--stop-agents");
        }
    }

    [Fact]
    public async Task Every_command_of_the_help_has_its_section_with_the_same_words_and_options()
    {
        await using var stage = new Stage();
        var sections = new Page("docs/CLI.md").Sections(2);
        var commands = Command().Matches((await stage.Ampx("--help")).Out).ToDictionary(line => line.Groups["name"].Value, line => line.Groups["words"].Value.Trim());
        Assert.Equal(commands.Keys.Select(name => $"ampx {name}").Order(), sections.Keys.Order());
        foreach (var (name, words) in commands)
        {
            var section = sections[$"ampx {name}"];
            Assert.StartsWith($"{words}.\n", section, StringComparison.Ordinal);
            var help = Option().Matches((await stage.Ampx(name, "--help")).Out).Select(Squeezed).Where(option => !IsGlobal(option));
            Assert.Equal(help, Option().Matches(section).Select(Squeezed));
        }
    }

    private static void Kept(Page page, (int Code, string Out, string Err) run)
    {
        Assert.True(run.Code == 0, $"{page.Path}: exit {run.Code}\n{run.Out}\n{run.Err}");
        Assert.NotEmpty(page.Promises());
        var at = 0;
        foreach (var promise in page.Promises())
        {
            var found = run.Out.IndexOf(promise, at, StringComparison.Ordinal);
            Assert.True(found >= 0, $"{page.Path} promises '{promise}'; after what came before it printed:\n{run.Out[at..]}\n{run.Err}");
            at = found + promise.Length;
        }
    }

    private static async Task<(int Code, string Out, string Err)> Run(Stage stage, string repo, string script)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = stage.Root,
        };
        foreach (var (name, value) in stage.Environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }

        start.Environment["REPO"] = repo;
        start.Environment["PATH"] = $"{Path.GetDirectoryName(AmpxProgram.Path)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var bash = Process.Start(start)!;
        bash.StandardInput.Close();
        var output = bash.StandardOutput.ReadToEndAsync();
        var errors = bash.StandardError.ReadToEndAsync();
        await bash.WaitForExitAsync().WaitAsync(Stage.Patience);
        return (bash.ExitCode, await output, await errors);
    }

    private static bool IsGlobal(string option) => ((string[])["--server ", "--token ", "--json ", "--no-color ", "-h, "]).Any(name => option.StartsWith(name, StringComparison.Ordinal));

    private static string Squeezed(Match line) => Spaces().Replace(line.Value.Trim(), " ");

    [GeneratedRegex(@"^  (?<name>[a-z]+) {2,}(?<words>.+)$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"^  -.+$", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
