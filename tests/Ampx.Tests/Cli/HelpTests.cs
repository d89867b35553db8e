using System.Diagnostics;
using System.Reflection;
using Ampx.Chaos.Machines;
using Ampx.Cli.Commands;
using Ampx.Cli.Commands.Help;
using Ampx.Core.Tasks;
using Cocona;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>The examples of each command's help, run by a shell to the letter.</summary>
public sealed class HelpTests(RowStage stage) : IClassFixture<RowStage>
{
    /// <summary>They start services, which other tests do, or never end.</summary>
    private static readonly string[] NotHere = ["up", "down", "demo", "restore", "login"];

    public static TheoryData<string> Commands() => [.. Methods().Select(method => Name(method)).Where(name => !NotHere.Contains(name.Split(' ')[^1])).Order()];

    [Fact]
    public void Every_command_has_an_example() => Assert.All(Methods(), method => Assert.NotEmpty(CommandHelp.Examples(method)));

    [Fact]
    public void Every_command_is_found_by_each_of_its_names()
    {
        var groups = CommandClasses.For([]).SelectMany(type => type.GetCustomAttributes<HasSubCommandsAttribute>()).ToList();
        foreach (var method in Methods())
        {
            var command = method.GetCustomAttribute<CommandAttribute>()!;
            if (groups.SingleOrDefault(one => one.Type == method.DeclaringType) is { } group)
                Assert.Contains(CommandClasses.For([group.CommandName!]), type => type.GetCustomAttributes<HasSubCommandsAttribute>().Contains(group));
            else
                Assert.All(command.Aliases.Prepend(command.Name!), name => Assert.Equal(method.DeclaringType, CommandClasses.For([name]).First()));
        }

        Assert.Equal(CommandClasses.For([]), CommandClasses.For(["lst", "--json"]));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_examples_of_a_command_work(string command)
    {
        Prepare(atWork: command == "abort");
        var method = Methods().Single(method => Name(method) == command);
        foreach (var example in CommandHelp.Examples(method).Where(example => !example.Line.EndsWith(" -w", StringComparison.Ordinal)))
        {
            Assert.Contains("ampx ", example.Line, StringComparison.Ordinal);
            var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", example.Line]);
            stage.Home.Prepare(start, Path.Combine(stage.Home.Folder, "checkout"));
            start.Environment["PATH"] = $"{Path.GetDirectoryName(AmpxProgram.Path)}:{Environment.GetEnvironmentVariable("PATH")}";
            start.Environment["TOKEN"] = "a-token";
            using var bash = Process.Start(start)!;
            bash.StandardInput.Close();
            var output = bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(bash.ExitCode == 0, $"{example.Line}: exit {bash.ExitCode}\n{await output}\n{errors}");
        }
    }

    // The tasks that the examples speak of, and a checkout to stand in.
    private void Prepare(bool atWork)
    {
        stage.Reset();
        stage.Server.EndAtOnce = true;
        stage.Server.Tasks.Clear();
        foreach (var id in (string[])["01JD3Z8M4N5P6Q7R8S9TK3F9QZ", "01JD3Z8M4N5P6Q7R8S9T7XW2M4"])
        {
            stage.Server.Tasks[id] = (atWork ? StandIn.Sample(id) : StandIn.Sample(id, Status.Success, Phase.Done)) with
            {
                PullRequest = new(17, "https://github.com/acme/shop/pull/17", PullRequestState.Open, true),
            };
        }

        stage.Server.Log.Add(new(7, TimeProvider.System.GetUtcNow(), "ci", 1, "out", "error: 2 tests fail"));
        stage.Server.Checks = [];
        stage.Server.Workers.RemoveAt(1);
        stage.Server.Running.Clear();
        stage.Server.Running.Enqueue(0);
        var checkout = Path.Combine(stage.Home.Folder, "checkout");
        if (Directory.Exists(checkout)) return;
        Directory.CreateDirectory(checkout);
        foreach (var words in (string[])["init -q", "remote add origin https://github.com/acme/shop.git"])
            using (var git = Process.Start(new ProcessStartInfo("git", words) { WorkingDirectory = checkout })!) git.WaitForExit();
        File.WriteAllText(Path.Combine(checkout, "x"), "old\n");
        File.WriteAllText(Path.Combine(checkout, "review.md"), "Use the existing helper\n");
        File.WriteAllText(Path.Combine(checkout, "instruction.md"), "Fix the login\n");
    }

    private static IEnumerable<MethodInfo> Methods() => typeof(CommandHelp).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Where(method => method.GetCustomAttribute<CommandAttribute>() is not null && method.GetCustomAttribute<HiddenAttribute>() is null);

    private static string Name(MethodInfo method) => (method.DeclaringType!.Name, method.GetCustomAttribute<CommandAttribute>()!.Name!) switch
    {
        ("AdminCommands", var name) => $"admin {name}",
        ("TokenCommands", var name) => $"token {name}",
        ("ConfigCommands", var name) => $"config {name}",
        (_, var name) => name,
    };
}
