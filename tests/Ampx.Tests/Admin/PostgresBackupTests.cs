using System.Diagnostics;
using System.Text.RegularExpressions;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Tests.Docs;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Storage;
using Npgsql;
using Xunit;

namespace Ampx.Tests.Admin;

/// <summary>The commands that docs/DEPLOYMENT.md gives for PostgreSQL, to the letter.</summary>
public sealed partial class PostgresBackupTests
{
    [Fact]
    public async Task A_dump_taken_at_work_restored_into_another_database_carries_on()
    {
        var commands = Commands().Match(new Page("docs/DEPLOYMENT.md").Text);
        Assert.True(commands.Success, "the page has lost its commands");
        using var empty = new PostgresDatabase();
        await using var cluster = new ClusterStage();
        var stage = cluster.Machine();
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var end = Path.Combine(stage.Root, "end");
        stage.Agent("quick", "echo 42 > answer");
        stage.Agent("steady", $"while [ ! -e {end} ]; do sleep 0.1; done; echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up(() => Task.FromResult(true));
        var done = await Create("quick");
        await stage.Ended(done);
        var log = await Log(done);
        var running = await Create("steady");
        await stage.Until(running, task => task.Phase is Phase.Agent);
        var waiting = await Create("quick");

        var refused = await stage.Ampx("admin", "backup", Path.Combine(stage.Root, "kept.tar.gz"));
        Assert.Equal(1, refused.Code);
        Assert.Contains("pg_dump", refused.Err, StringComparison.Ordinal);
        await Run(commands.Groups["dump"].Value, stage.Root, ("DATABASE_URL", Url(cluster.ConnectionString)));
        await stage.Kill();
        await Run(commands.Groups["restore"].Value, stage.Root, ("NEW_DATABASE_URL", Url(empty.ConnectionString)));
        stage.Environment["Ampx__Storage__ConnectionString"] = empty.ConnectionString;
        await stage.Up(() => Task.FromResult(true));
        // The service has only just begun, and its machine's agent is at work since before: neither is a finding.
        var check = await Check();
        Assert.Equal((0, 1, 1, 64), (check.Findings.Count, check.Checked.Runs, check.Checked.RunFolders, check.Checked.Reminders));
        await File.WriteAllTextAsync(end, "");
        foreach (var id in new[] { running, waiting }) Assert.Equal(Status.Success, (await stage.Ended(id)).Status);
        Assert.Equal(log, await Log(done));
        Assert.Empty((await Check()).Findings);
        Assert.DoesNotContain((await stage.Get<Timeline>($"tasks/{running}/timeline")).Entries, entry => entry.Cause == "worker_lost");

        async Task<string> Create(string agent) => (await stage.Create(new { repo, prompt = "Write the answer", agent, ci = "grep -q 42 answer" })).Id;

        async Task<string> Log(string id) => (await stage.Send(HttpMethod.Get, $"tasks/{id}/logs", null)).Body;

        async Task<CheckReport> Check()
        {
            var (status, body) = await stage.Send(HttpMethod.Post, "admin/check", new { repair = true });
            Assert.True(status == 200, body);
            return Stage.Read<CheckReport>(body);
        }
    }

    private static string Url(string connectionString)
    {
        var to = new NpgsqlConnectionStringBuilder(connectionString);
        return $"postgresql://{to.Username}@{to.Host}:{to.Port}/{to.Database}";
    }

    private static async Task Run(string command, string folder, (string Name, string Value) variable)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", command]) { WorkingDirectory = folder, RedirectStandardError = true };
        start.Environment[variable.Name] = variable.Value;
        // Where Debian has the programs of each version of the server.
        const string Home = "/usr/lib/postgresql";
        var bin = Directory.Exists(Home) ? Directory.GetDirectories(Home).MaxBy(version => int.Parse(Path.GetFileName(version), null)) : null;
        if (bin is not null) start.Environment["PATH"] = $"{bin}/bin:{Environment.GetEnvironmentVariable("PATH")}";
        using var bash = Process.Start(start)!;
        var errors = await bash.StandardError.ReadToEndAsync();
        await bash.WaitForExitAsync().WaitAsync(Stage.Patience);
        Assert.True(bash.ExitCode == 0, $"{command}: {errors}");
    }

    [GeneratedRegex(@"^(?<dump>pg_dump .+)\n(?<restore>pg_restore .+)$", RegexOptions.Multiline)]
    private static partial Regex Commands();
}
