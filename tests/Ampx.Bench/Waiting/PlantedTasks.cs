using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Postgres;
using Ampx.Silo.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Storage;

namespace Ampx.Bench.Waiting;

/// <summary>Writes tasks as if they had come so far, through the storage that the service uses, while no service has the folder.</summary>
internal sealed class PlantedTasks(IHost host) : IAsyncDisposable
{
    private const int AtOnce = 32;
    private readonly IGrainStorage storage = host.Services.GetRequiredKeyedService<IGrainStorage>(StorageExtensions.StorageName);
    private readonly IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
    private int number;

    public static async Task<PlantedTasks> Open(string folder, string? postgres)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(ServiceProcess.FreePort(), 0, serviceId: "ampx", clusterId: "ampx-bench")
            .AddAmpxStorage(() => postgres is null ? SqliteStorage.Open(folder) : PostgresStorage.Open(postgres)));
        var host = builder.Build();
        await host.StartAsync();
        return new(host);
    }

    /// <summary>Tasks whose CI is at work; CI began a minute ago.</summary>
    public Task Wait(int count, int repos, GitHubStub gitHub)
    {
        var since = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        return Plant(count, repos, gitHub, _ => since, (task, _) => task with { Phase = Phase.WaitingForCi, NextWakeAt = since.AddHours(2) });
    }

    /// <summary>Tasks that go on waiting for CI at times spread from <paramref name="begin"/> on.</summary>
    /// <returns>By id: when.</returns>
    public async Task<Dictionary<string, DateTimeOffset>> BackOff(int count, int repos, GitHubStub gitHub, DateTimeOffset begin, TimeSpan spread)
    {
        var planted = await Plant(count, repos, gitHub, _ => begin.AddMinutes(-1),
            (task, number) => task with { Phase = Phase.BackingOff, Status = Status.Retrying, Resume = Phase.WaitingForCi, NextWakeAt = begin + spread * number / count });
        return planted.ToDictionary(task => task.Id, task => task.NextWakeAt!.Value);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }

    private async Task<List<TaskState>> Plant(int count, int repos, GitHubStub gitHub, Func<int, DateTimeOffset> since, Func<TaskState, int, TaskState> change)
    {
        var tasks = new List<TaskState>();
        for (var i = 0; i < count; i++)
        {
            var (at, repo) = (since(i), number++ % repos);
            var sha = number.ToString("x40", null);
            var run = gitHub.Add(repo, sha, at);
            tasks.Add(change(new TaskState
            {
                Id = Ulid.NewUlid().ToString(),
                Owner = "local",
                Repo = $"acme/shop-{repo}",
                Forge = ForgeKind.GitHub,
                Base = "main",
                Branch = $"amp/mend-the-sum-{number}",
                Agent = "amp",
                ThreadId = $"T-{Guid.NewGuid()}",
                Prompt = "Mend the sum of an order with several lines; the test is there already.",
                Status = Status.Running,
                Step = 4,
                Version = 6,
                Attempts = 1,
                MaxAttempts = 3,
                HeadSha = sha,
                RemoteSha = sha,
                BaseSha = new string('b', 40),
                CiSince = at,
                CiRunId = run,
                CiUrl = $"{gitHub.Url}/acme/shop-{repo}/actions/runs/{run}",
                CreatedAt = at,
                UpdatedAt = at,
                Attempt = new Attempt { Number = 1, Instruction = "Mend the sum", StartedAt = at, Outcome = "pushed", HeadSha = sha },
            }, i));
        }

        await Parallel.ForEachAsync(tasks, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (task, _) =>
            await storage.WriteStateAsync(StorageExtensions.TaskStateName, grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).GetGrainId(), new GrainState<TaskState>(task)));
        return tasks;
    }
}
