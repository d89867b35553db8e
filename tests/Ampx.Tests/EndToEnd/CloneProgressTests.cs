using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Tests.Cli;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A long clone as a person sees it who waits.</summary>
public sealed class CloneProgressTests
{
    /// <summary>Stands in for ssh, and for a slow line: half of the pack comes, the rest when the file <c>go</c> is there.</summary>
    private const string SlowLine = """
        #!/bin/bash
        command=${@: -1}
        case "$command" in git-upload-pack*) ;; *) exec sh -c "$command" ;; esac
        if [ -n "$GIT_PROTOCOL" ]; then export GIT_PROTOCOL; fi
        exec 3< <(exec sh -c "$command" <&0)
        far=$!
        stdbuf -o0 head -c 1500000 <&3
        while [ ! -e "$HOME/go" ] && kill -0 $far 2>/dev/null; do sleep 0.1; done
        exec cat <&3
        """;

    [Fact]
    public async Task Who_waits_sees_how_many_objects_have_come()
    {
        await using var stage = new Stage();
        stage.Agent("fixer", "echo done > answer");
        var noise = new Random(1);
        var files = Enumerable.Range(0, 300).Select(file => ($"noise{file}", Noise(noise))).Append(("test.sh", "true\n"));
        var repo = await stage.Repository("large", [.. files]);
        var tools = Directory.CreateDirectory(Path.Combine(stage.Root, "tools")).FullName;
        File.WriteAllText(Path.Combine(tools, "ssh"), SlowLine);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(tools, "ssh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        stage.Environment["PATH"] = $"{tools}:{Environment.GetEnvironmentVariable("PATH")}";
        await stage.Up();
        using var home = new CliHome();
        home.Environment["AMPX_SERVER"] = ServiceFile.Read(stage.Data)!.Url;
        home.Environment["AMPX_TOKEN"] = (await File.ReadAllTextAsync(Path.Combine(stage.Data, "token"), TestContext.Current.CancellationToken)).Trim();
        var task = await stage.Start($"ssh://git@elsewhere{repo}", "Answer", "--agent", "fixer", "--ci", "sh test.sh");
        var seen = await home.OnTerminal(["wait", task.Id], columns: 100, meanwhile: async terminal =>
        {
            await Stage.Until(() => Task.FromResult(terminal.Seen.Contains("/303 objects", StringComparison.Ordinal)), "the count of objects is shown");
            Assert.Contains("cloning", terminal.Seen, StringComparison.Ordinal);
            Assert.Equal(Phase.Preparing, (await stage.Show(task.Id)).Phase);
            await File.WriteAllTextAsync(Path.Combine(stage.Environment["HOME"]!, "go"), "");
        });
        Assert.Equal(0, seen.Exit);
        Assert.DoesNotContain("objects", (await stage.Ampx("logs", task.Id)).Out, StringComparison.Ordinal);
    }

    /// <summary>Ten thousand characters that can't be packed much smaller.</summary>
    private static string Noise(Random noise)
    {
        var bytes = new byte[7500];
        noise.NextBytes(bytes);
        return Convert.ToBase64String(bytes);
    }
}
