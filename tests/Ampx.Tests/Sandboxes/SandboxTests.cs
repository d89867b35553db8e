using System.Runtime.Versioning;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using Xunit;

namespace Ampx.Tests.Sandboxes;

/// <summary>What a sandboxed agent has: the tools of the service's user, what the settings show, its sign-in; and what happens where there is no bubblewrap.</summary>
[SupportedOSPlatform("linux")]
public sealed class SandboxTests : IAsyncDisposable
{
    private readonly Stage stage = new();

    private string Home => stage.Environment["HOME"]!;

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Tools_of_the_users_home_work_and_only_what_the_settings_show_is_there_besides()
    {
        Tool(".nvm/versions/node/bin/node", "cat $(dirname $0)/../lib/library");
        File.WriteAllText(Directory.CreateDirectory(Path.Combine(Home, ".nvm/versions/node/lib")).FullName + "/library", "a tool with its library\n");
        Tool("tools/mine", "echo a tool in PATH");
        Tool(".cargo/bin/cargo", "echo bought > ~/.cargo/registry && cat ~/.cargo/registry");
        var (shown, given) = (Folder("shown"), Folder("given"));
        File.WriteAllText(Path.Combine(shown, "text"), "shown to the agent\n");
        stage.Environment["PATH"] = $"{Home}/.nvm/versions/node/bin:{Home}/tools:{Environment.GetEnvironmentVariable("PATH")}";
        stage.Environment["XDG_CACHE_HOME"] = Folder("elsewhere");
        stage.Agent("busy", $"""
            exec 2>&1
            node; mine; ~/.cargo/bin/cargo
            cat {shown}/text; echo x 2> /dev/null > {shown}/new || echo 'kept out of what is shown'
            echo given > {given}/new
            echo cached > $XDG_CACHE_HOME/mine && cat $XDG_CACHE_HOME/mine
            echo 42 > answer
            """, sandbox: "bubblewrap");
        stage.Environment["Ampx__Agents__busy__SandboxReadOnly__0"] = shown;
        stage.Environment["Ampx__Agents__busy__SandboxReadWrite__0"] = given;
        await stage.Up();
        var said = await Run("busy");
        foreach (var line in (string[])["a tool with its library", "a tool in PATH", "bought", "shown to the agent", "kept out of what is shown", "cached"]) Assert.Contains(line, said);
        Assert.Equal("given\n", File.ReadAllText(Path.Combine(given, "new")));
        Assert.False(File.Exists(Path.Combine(Home, ".cargo", "registry")));
        Assert.Empty(Directory.GetFiles(stage.Environment["XDG_CACHE_HOME"]!));
    }

    [Fact]
    public async Task A_program_in_the_home_itself_or_behind_a_link_is_found()
    {
        Tool("fixer", "echo 42 > answer");
        File.CreateSymbolicLink(Path.Combine(Folder("links"), "fixer"), Path.Combine(Home, "fixer"));
        File.WriteAllText(Path.Combine(Home, "diary"), "dear diary");
        foreach (var (name, program) in (List<(string, string)>)[("home", Path.Combine(Home, "fixer")), ("link", Path.Combine(stage.Root, "links", "fixer"))])
        {
            stage.Environment[$"Ampx__Agents__{name}__Kind"] = "command";
            stage.Environment[$"Ampx__Agents__{name}__Command"] = program;
            stage.Environment[$"Ampx__Agents__{name}__Sandbox"] = "bubblewrap";
        }

        await stage.Up();
        await Run("home", $"! ls {Home}/diary");
        await Run("link", "true");
    }

    [Fact]
    public async Task The_CI_command_sees_as_little_as_the_agent()
    {
        stage.Agent("right", "echo 42 > answer", sandbox: "auto");
        await stage.Up();
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        var task = await stage.Ended((await stage.Start(repo, "Write the answer", "--agent", "right", "--ci", $"test $(cat answer) = 42 && git log -1 --format=%an && ! cat {stage.Data}/token")).Id);
        Assert.Equal(Status.Success, task.Status);
        Assert.Contains($"cat: {stage.Data}/token: No such file or directory", (await Said(task.Id, "ci")));
    }

    [Fact]
    public async Task Without_bubblewrap_auto_goes_on_with_a_warning_and_bubblewrap_refuses()
    {
        // All programs of this machine but one.
        var bin = Folder("bin");
        foreach (var program in Directory.GetFiles("/usr/bin").Where(file => Path.GetFileName(file) != "bwrap")) File.CreateSymbolicLink(Path.Combine(bin, Path.GetFileName(program)), program);
        stage.Environment["PATH"] = bin;
        stage.Agent("easy", "echo 42 > answer", sandbox: "auto");
        stage.Agent("strict", "echo 42 > answer", sandbox: "bubblewrap");
        await stage.Up();
        await Run("easy");
        var task = (await stage.Get<TaskList>("tasks")).Tasks.Single();
        Assert.Contains(await Said(task.Id, "system"), line => line.Contains("without a sandbox: bubblewrap isn't installed", StringComparison.Ordinal));
        Assert.Contains("agents run without a sandbox: bubblewrap isn't installed", stage.ServiceLog, StringComparison.Ordinal);
        var (status, problem) = await stage.Post("tasks", new { repo = Path.Combine(stage.Root, "answer-easy.git"), prompt = "x", agent = "strict", ci = "true" });
        Assert.Equal((422, "agent_failed"), (status, problem.Code));
        Assert.Contains("isn't installed", problem.Detail, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<string>> Run(string agent, string ci = "test -e answer")
    {
        var repo = await stage.Repository($"answer-{agent}", ("README.md", "An answer."));
        var task = await stage.Ended((await stage.Start(repo, "Write the answer", "--agent", agent, "--ci", ci)).Id);
        var said = await Said(task.Id, "agent");
        Assert.True(task.Status is Status.Success, $"{task.Error}\n{string.Join('\n', said)}");
        return said;
    }

    private async Task<IReadOnlyList<string>> Said(string id, string source) => [.. (await stage.Get<LogPage>($"tasks/{id}/logs?source={source}")).Entries.Select(entry => entry.Text)];

    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(stage.Root, name)).FullName;

    private void Tool(string path, string script)
    {
        var file = Path.Combine(Home, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
