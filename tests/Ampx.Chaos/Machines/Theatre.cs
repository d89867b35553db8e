using Ampx.Chaos.Work;
using Ampx.FakeGitHub;

namespace Ampx.Chaos.Machines;

/// <summary>Everything that a run of the suite starts: GitHub's stand-in, PostgreSQL, the silos; and their end.</summary>
internal sealed class Theatre : IAsyncDisposable
{
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
                  sleep 2
                  if grep -h red work/*.txt; then echo "FAIL: the change is red"; exit 1; fi
        """;

    private const string Secret = "chaos";
    private readonly bool keep;

    private Theatre(string root, FakeGitHubServer gitHub, PostgresServer? postgres, Cluster cluster, Journal journal, bool keep)
    {
        (Root, GitHub, Postgres, Cluster, Journal, this.keep) = (root, gitHub, postgres, cluster, journal, keep);
    }

    public string Root { get; }
    public FakeGitHubServer GitHub { get; }
    public PostgresServer? Postgres { get; }
    public Cluster Cluster { get; }
    public Journal Journal { get; }

    /// <summary>In half of them GitHub tells of what happens; the others are polled alone.</summary>
    public IReadOnlyList<string> Repos { get; } = ["acme/told-a", "acme/told-b", "acme/polled-a", "acme/polled-b"];

    public IReadOnlyList<SiloProcess> Silos => Cluster.Silos;

    /// <summary>Returns when every silo is ready.</summary>
    public static async Task<Theatre> Open(ChaosOptions options, Action<string> say, CancellationToken cancel)
    {
        var root = Directory.CreateTempSubdirectory("ampx-chaos-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "home"));
        var script = Path.Combine(root, "agent.sh");
        await using (var text = typeof(Theatre).Assembly.GetManifestResourceStream("agent.sh")!)
        await using (var file = File.Create(script)) await text.CopyToAsync(file, cancel);
        var gitHub = await FakeGitHubServer.Start(new() { Root = Path.Combine(root, "github"), ParallelJobs = 16 });
        var journal = new Journal(Path.Combine(root, "journal"));
        var postgres = options.Sqlite ? null : await PostgresServer.Start();
        var silos = Enumerable.Range(1, options.Silos).Select(number =>
        {
            var proxy = postgres is null ? null : new DatabaseProxy(postgres.Port);
            return new SiloProcess(number, root, Environment(root, gitHub, journal, options, postgres, proxy), proxy, say);
        }).ToList();
        var theatre = new Theatre(root, gitHub, postgres, new Cluster(silos), journal, options.Keep);
        try
        {
            await theatre.Begin(options, say, cancel);
            return theatre;
        }
        catch
        {
            await theatre.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in Silos) await silo.DisposeAsync();
        foreach (var left in Leftovers.Processes(Root)) await Shell.Signal(left.Pid, "KILL");
        if (Postgres is not null) await Postgres.DisposeAsync();
        await GitHub.DisposeAsync();
        if (!keep) Directory.Delete(Root, recursive: true);
    }

    private async Task Begin(ChaosOptions options, Action<string> say, CancellationToken cancel)
    {
        foreach (var repo in Repos) await GitHub.CreateRepository(repo, new Dictionary<string, string> { ["README.md"] = "Chaos.", [".github/workflows/ci.yml"] = Workflow });
        Silos[0].Disk = await SmallDisk.Mount(Silos[0].Data);
        if (Silos[0].Disk is null) say("no disk can be full: mounting one needs root");
        // The first one alone makes the schema.
        foreach (var silo in Silos)
        {
            silo.Start();
            while (!await Cluster.IsReady(silo, cancel))
            {
                if (silo.EndedByItself > 2) throw new InvalidOperationException($"silo {silo.Number} doesn't start: see {Root}/silo{silo.Number}.log");
                await Task.Delay(100, cancel);
            }

            silo.IsWhole = true;
        }

        if (!options.Webhooks) return;
        // A delivery goes to one silo; what comes while that is down is lost, as GitHub tries once.
        foreach (var (repo, index) in Repos.Where(repo => repo.Contains("told", StringComparison.Ordinal)).Select((repo, index) => (repo, index)))
            GitHub.Site.Webhooks.Add(new($"{Silos[index % Silos.Count].Url}/webhooks/github", Secret, Repository: repo));
    }

    private static Dictionary<string, string?> Environment(string root, FakeGitHubServer gitHub, Journal journal, ChaosOptions options, PostgresServer? postgres, DatabaseProxy? proxy)
    {
        var home = Path.Combine(root, "home");
        var all = new Dictionary<string, string?>
        {
            ["HOME"] = home,
            ["XDG_CONFIG_HOME"] = Path.Combine(home, ".config"),
            ["XDG_DATA_HOME"] = Path.Combine(home, ".local", "share"),
            ["GITHUB_TOKEN"] = null,
            ["GH_TOKEN"] = null,
            ["GITHUB_APP_ID"] = null,
            ["GITHUB_PRIVATE_KEY_PATH"] = null,
            ["Ampx__GitHub__ApiUrl"] = gitHub.ApiUrl,
            ["Ampx__GitHub__WebUrl"] = gitHub.WebUrl,
            ["Ampx__GitHub__Token"] = gitHub.CreateToken(),
            ["Ampx__GitHub__WebhookSecret"] = Secret,
            ["Ampx__Agents__chaos__Kind"] = "command",
            ["Ampx__Agents__chaos__Command"] = "/bin/sh",
            ["Ampx__Agents__chaos__Arguments__0"] = Path.Combine(root, "agent.sh"),
            ["Ampx__Agents__chaos__Arguments__1"] = journal.Folder,
            ["Ampx__Agents__chaos__Sandbox"] = "none",
            ["Ampx__Workers__Slots"] = "4",
            ["Ampx__Ci__PollInterval"] = "00:00:01",
            ["Ampx__Ci__SettleTime"] = "00:00:01",
            ["Ampx__Ci__StartTimeout"] = "00:01:00",
            // Faults come thicker here than anywhere: steps are tried again sooner, and more often.
            ["Ampx__Retry__BaseDelay"] = "00:00:01",
            ["Ampx__Retry__MaxDelay"] = "00:00:10",
            ["Ampx__Retry__StepAttempts"] = "30",
        };
        if (options.LeaseTime is { } lease) all["Ampx__Workers__LeaseTime"] = lease.ToString("c");
        if (postgres is null) return all;
        all["Ampx__Storage__Provider"] = "postgres";
        all["Ampx__Storage__ConnectionString"] = postgres.Connection.Replace($"Port={postgres.Port}", $"Port={proxy!.Port}", StringComparison.Ordinal);
        all["Ampx__Cluster__Id"] = "chaos";
        all["Ampx__Cluster__SiloPort"] = $"{Shell.FreePort()}";
        all["Ampx__Cluster__GatewayPort"] = $"{Shell.FreePort()}";
        return all;
    }
}
