using System.Runtime.Versioning;
using Ampx.Silo.Agents;
using Ampx.Silo.Doctor;
using Ampx.Silo.Git;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Postgres;
using Ampx.Silo.Storage.Sqlite;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Ampx.Tests.Doctor;

/// <summary>git, agents and the data folder, whole and broken.</summary>
[SupportedOSPlatform("linux")]
public sealed class MachineTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("ampx-doctor-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("git version 2.39.5", true)]
    [InlineData("git version 2.31.0", true)]
    [InlineData("git version 2.47.1.windows.2", true)]
    [InlineData("git version 2.39.3 (Apple Git-146)", true)]
    [InlineData("git version 2.30.9", false)]
    [InlineData("git version 1.8.3.1", false)]
    [InlineData("busybox", false)]
    public void A_git_that_is_too_old_or_no_git_at_all_is_bad(string said, bool fine) => Assert.Equal((fine, true), (GitExam.Judge(said).Ok, GitExam.Judge(said).Needed));

    [Fact]
    public async Task The_git_of_this_machine_will_do() =>
        (await Found.By(new GitExam(new GitRunner(new GitFolders(folder), Options.Create(new GitOptions()), TimeProvider.System, NullLogger<GitRunner>.Instance)))).Fine("git", "git version");

    [Fact]
    public async Task An_agent_that_is_signed_in_shows_its_version()
    {
        var found = await Agents(("amp", Amp("sgamp_user_test")));
        found.Fine("agent:amp", Stage.Program("fake-amp"), "signed in by AMP_API_KEY");
        found.Fine("sandbox", "bubblewrap", "for all agents");
        Assert.Empty(found.Wrong);
    }

    [Fact]
    public async Task An_agent_without_a_sandbox_is_named()
    {
        var found = await Agents(("amp", Amp("sgamp_user_test")), ("bare", new() { Kind = AgentKind.Command, Command = "/bin/sh", Sandbox = AgentSandbox.None }));
        found.Warns("sandbox", "none for bare", "Ampx:Agents:bare:Sandbox");
    }

    [Fact]
    public async Task An_agent_that_is_not_there_or_not_signed_in_is_needed_as_long_as_no_other_is_ready()
    {
        (await Agents(("amp", Amp(key: "")))).Bad("agent:amp", "is not signed in", "AMP_API_KEY", "amp login");
        var none = await Agents(("amp", new() { Command = "/nowhere/amp" }), ("other", new() { Kind = AgentKind.Command, Command = "no-such-agent" }));
        none.Bad("agent:amp", "no program '/nowhere/amp'", "npm install -g @ampcode/cli");
        none.Bad("agent:other", "no program 'no-such-agent'", "Ampx:Agents:other:Command");

        var other = await Agents(("amp", Amp(key: "")), ("shell", new() { Kind = AgentKind.Command, Command = "/bin/sh" }));
        other.Fine("agent:shell", "/bin/sh, kind command");
        other.Warns("agent:amp", "tasks for this agent are refused");
    }

    [Fact]
    public async Task An_agent_program_that_does_not_run_is_bad()
    {
        var program = Path.Combine(folder, "amp");
        await File.WriteAllTextAsync(program, "#!/bin/sh\necho 'Cannot find module' >&2\nexit 3\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var agent = Amp("sgamp_user_test");
        agent.Command = program;
        (await Agents(("amp", agent))).Bad("agent:amp", "--version: exit 3, Cannot find module");
    }

    [Fact]
    public async Task A_data_folder_that_a_service_made_is_fine()
    {
        Migrations.Sqlite(folder);
        var found = await Found.By(new StorageExam(folder));
        Assert.Equal(["data-folder", "disk", "file-modes", "database:ampx.db", "database:logs.db"], found.Names);
        found.Fine("data-folder", folder);
        found.Fine("file-modes");
        found.Fine("database:ampx.db", "whole");
        Assert.Equal(["ampx.db", "logs.db"], Directory.GetFiles(folder).Select(Path.GetFileName).Where(name => !name!.Contains('-', StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task In_a_cluster_the_server_is_looked_at_and_no_file_is_missed()
    {
        using var database = new PostgresDatabase();
        using var opened = PostgresStorage.Open(database.ConnectionString);
        Assert.Equal(["data-folder", "disk", "file-modes"], (await Found.By(new StorageExam(folder, hasDatabases: false))).Names);
        var found = await Found.By(new PostgresExam(opened));
        Assert.Equal(["database", "connections"], found.Names);
        found.Fine("database", "PostgreSQL ");
        using var away = PostgresStorage.Open("Host=127.0.0.1;Port=1;Username=ampx;Database=ampx");
        (await Found.By(new PostgresExam(away))).Bad("database", "doesn't answer");
        Assert.False(PostgresExam.Connections(80, 97).Ok);
    }

    [Fact]
    public async Task Databases_that_are_gone_or_damaged_are_named()
    {
        Migrations.Sqlite(folder);
        foreach (var companion in Directory.GetFiles(folder, "*.db-*")) File.Delete(companion);
        File.Delete(SqliteStorage.LogFile(folder));
        await using (var file = File.OpenWrite(SqliteStorage.MainFile(folder)))
        {
            file.Position = 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0xa5, 8192).ToArray());
        }

        var found = await Found.By(new StorageExam(folder));
        found.Bad("database:logs.db", "is gone");
        found.Bad("database:ampx.db", "backup");
    }

    [Fact]
    public async Task Files_that_others_can_read_are_named()
    {
        Migrations.Sqlite(folder);
        var token = Path.Combine(folder, "token");
        await File.WriteAllTextAsync(token, "secret");
        File.SetUnixFileMode(token, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        (await Found.By(new StorageExam(folder))).Bad("file-modes", $"{token} is 604", "chmod");
    }

    [Theory]
    [InlineData("1m,ro", "can't be written")]
    [InlineData("1m,noexec", "noexec")]
    public async Task A_folder_that_takes_no_files_or_runs_no_programs_is_bad(string options, string words)
    {
        await using var disk = await Mount.Tmpfs(folder, options);
        Assert.SkipWhen(disk is null, "a tmpfs can be mounted by root only");
        var found = await Found.By(new StorageExam(folder));
        found.Bad("data-folder", words);
        found.Bad("disk", "only 0.0 GiB free");
    }

    [Theory]
    [InlineData(0.5, "disk!")]
    [InlineData(3, "disk")]
    [InlineData(50, null)]
    public void Little_room_is_told(double gib, string? wrong)
    {
        var check = StorageExam.Room((long)(gib * (1L << 30)));
        Assert.Equal(wrong, check.Ok ? null : check.Needed ? "disk!" : "disk");
    }

    private AgentOptions Amp(string key) => new()
    {
        Command = Stage.Program("fake-amp"),
        Environment = new Dictionary<string, string> { ["AMP_API_KEY"] = key, ["XDG_DATA_HOME"] = folder },
    };

    private static Task<Found> Agents(params (string Name, AgentOptions Agent)[] agents) =>
        Found.By(new AgentExam(new AgentProfiles(Options.Create(agents.ToDictionary(one => one.Name, one => one.Agent)))));
}
