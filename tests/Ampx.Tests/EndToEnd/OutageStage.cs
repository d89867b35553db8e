using System.Globalization;
using Ampx.Chaos.Machines;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.Runs;
using Ampx.Tests.FakeGitHub.Description;
using Dapper;
using Npgsql;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Two machines on a PostgreSQL server of their own, which can be away. The first one has its runs for long, the second one for as long as a test says.</summary>
public sealed class OutageStage : IAsyncLifetime
{
    public static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(5), LongLease = TimeSpan.FromMinutes(2);

    /// <summary>Works until its file is there, and notes who works when.</summary>
    private const string Script = """
        now() { cut -d' ' -f1 /proc/uptime; }
        name=FOLDER/$(grep -o 'answer-[0-9]*' | head -1)
        echo "begins $$ $(now)" >> $name
        i=0
        while [ ! -e $name.go ]; do i=$((i+1)); echo "line $i"; echo "works $$ $(now)" >> $name; sleep 0.2; done
        echo 42 > answer
        """;

    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Test
                run: |
                  while [ ! -e FOLDER/ci.go ]; do sleep 0.2; done
                  test "$(cat answer)" = 42
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("ampx-outage-").FullName;
    private PostgresServer postgres = null!;
    private FakeGitHubServer github = null!;
    private ClusterStage cluster = null!;
    private string repo = "";
    private int tasks;

    internal Stage Long { get; private set; } = null!;
    internal Stage Short { get; private set; } = null!;
    internal IEnumerable<Stage> Machines => [Long, Short];

    public string ConnectionString => postgres.Connection;

    public async ValueTask InitializeAsync()
    {
        postgres = await PostgresServer.Start();
        await LockOut("locked");
        github = await DescribedGitHub.Start();
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow.Replace("FOLDER", folder, StringComparison.Ordinal)));
        cluster = new ClusterStage(ConnectionString).Agent("patient", folder, Script.Replace("FOLDER", folder, StringComparison.Ordinal))
            .With("Ampx__Workers__Slots", "1")
            .With("Ampx__Workers__RestartGrace", "00:01:00")
            .With("Ampx__GitHub__ApiUrl", github.ApiUrl)
            .With("Ampx__GitHub__WebUrl", github.WebUrl)
            .With("Ampx__GitHub__Token", github.CreateToken())
            .With("Ampx__Agents__amp__Command", Stage.Program("fake-amp"))
            .With("Ampx__Agents__amp__PassEnvironment__0", "FAKE_AMP_HOME")
            .With("AMP_API_KEY", "sgamp_user_test")
            .With("FAKE_AMP_HOME", Path.Combine(folder, "amp"));
        (Long, Short) = (cluster.Machine(), cluster.Machine());
        Long.Environment["Ampx__Workers__LeaseTime"] = Short.Environment["Ampx__Workers__LeaseTime"] = $"{LongLease:c}";
        Long.Environment["Ampx__Storage__StartTimeout"] = "00:05:00";
        repo = await Long.Repository("answer", ("README.md", "An answer."));
        await ClusterStage.Up(Long);
        await ClusterStage.Up(Short);
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        await github.DisposeAsync();
        await postgres.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The server asks this user, and no other, for a password.</summary>
    private async Task LockOut(string user)
    {
        var rules = Path.Combine(postgres.Folder, "data", "pg_hba.conf");
        await File.WriteAllTextAsync(rules, $"host all {user} 127.0.0.1/32 scram-sha-256\n{await File.ReadAllTextAsync(rules)}");
        await using var connection = Connection();
        await connection.ExecuteAsync($"CREATE ROLE {user} LOGIN PASSWORD 'right'; SELECT pg_reload_conf()");
    }

    private NpgsqlConnection Connection() => new(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);

    /// <summary>The second machine has this lease from now on: killed and started again, if it had another one.</summary>
    public async Task Lease(TimeSpan time)
    {
        if (Short.Environment["Ampx__Workers__LeaseTime"] == $"{time:c}") return;
        Short.Environment["Ampx__Workers__LeaseTime"] = $"{time:c}";
        await Short.Kill();
        await ClusterStage.Up(Short);
    }

    /// <summary>The database is away until this is disposed.</summary>
    public async Task<IAsyncDisposable> Away()
    {
        await postgres.Crash();
        return new Back(postgres);
    }

    private sealed class Back(PostgresServer postgres) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => new(postgres.Restart());
    }

    /// <summary>An order for an agent that works until <see cref="LetGo"/>.</summary>
    public (string Name, object Order) Patient()
    {
        var name = $"answer-{++tasks}";
        return (name, new { repo, prompt = $"Write the answer: {name}", agent = "patient", ci = "test \"$(cat answer)\" = 42" });
    }

    /// <summary>Two agents at work, one on each machine, by where they are.</summary>
    internal async Task<((TaskView Task, string Name) Long, (TaskView Task, string Name) Short)> TwoAtWork()
    {
        var (one, two) = (Patient(), Patient());
        var both = new[] { (Task: await Long.Create(one.Order), one.Name), (Task: await Short.Create(two.Order), two.Name) };
        await Until(() => both.All(task => Begun(task.Name).Count == 1), "both agents work");
        var here = RunOf(Long).TaskId;
        return (both.Single(task => task.Task.Id == here), both.Single(task => task.Task.Id != here));
    }

    /// <summary>A task whose commit GitHub has, and whose CI lasts until <see cref="LetCiGo"/>.</summary>
    public async Task<TaskView> WaitingForCi() =>
        await Long.Until((await Long.Create(new { repo = "acme/answer", prompt = "Write the answer\n\nfake[1]: write answer 42" })).Id, task => task.Phase is Phase.WaitingForCi);

    public void LetCiGo() => File.WriteAllText(Path.Combine(folder, "ci.go"), "");

    /// <summary>The agent ends.</summary>
    public void LetGo(string name) => File.WriteAllText(Path.Combine(folder, $"{name}.go"), "");

    public List<(int Pid, TimeSpan At)> Begun(string name) => Times(name, "begins");

    public List<(int Pid, TimeSpan At)> Times(string name, string word) => !File.Exists(Path.Combine(folder, name)) ? [] : [.. File.ReadAllLines(Path.Combine(folder, name))
        .Select(line => line.Split(' ')).Where(line => line.Length == 3 && line[0] == word)
        .Select(line => (int.Parse(line[1], CultureInfo.InvariantCulture), TimeSpan.FromSeconds(double.Parse(line[2], CultureInfo.InvariantCulture))))];

    /// <summary>The one run that is in the machine's folder.</summary>
    internal static RunInfo RunOf(Stage machine) => new Silo.Agents.Runs.RunFolder(Directory.GetDirectories(Path.Combine(machine.Data, "runs")).Single()).Info!;

    internal static Task Ready(Stage machine) => Stage.Until(async () =>
    {
        using var answer = await machine.Look("/health/ready");
        return answer.IsSuccessStatusCode;
    }, "the machine is ready");

    /// <summary>Orleans' SiloStatus of each life of each silo, by name; 6 is dead.</summary>
    public async Task<ILookup<string, int>> Lives()
    {
        await using var connection = Connection();
        return (await connection.QueryAsync<(string Name, int Status)>("SELECT SiloName, Status FROM OrleansMembershipTable WHERE Port <> 0")).ToLookup(life => life.Name, life => life.Status);
    }

    internal static Task Until(Func<bool> condition, string what) => Stage.Until(() => Task.FromResult(condition()), what);
}
