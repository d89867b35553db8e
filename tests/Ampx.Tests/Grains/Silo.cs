using System.Collections.Concurrent;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Git;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Ampx.Silo.Workers;
using Ampx.Tests.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.TestingHost;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>A silo with the real grains over real database files and no worker: the test is the worker.</summary>
internal sealed class Silo : IAsyncDisposable
{
    private readonly InProcessTestCluster cluster;
    private readonly Calls calls;
    private readonly Written warnings;

    private Silo(InProcessTestCluster cluster, FaultyStorage storage, Calls calls, Written warnings)
    {
        this.cluster = cluster;
        this.calls = calls;
        this.warnings = warnings;
        Storage = storage;
    }

    public FaultyStorage Storage { get; }
    public IWorkQueueGrain Queue => cluster.Client.GetGrain<IWorkQueueGrain>(0);
    public IGrainFactory Grains => cluster.Client;

    public static Task<Silo> Start(StorageFolder files, TimeProvider? time = null, params (string Key, string Value)[] settings) => Start(1, files, time, settings);

    /// <summary>With leases, as a silo of a cluster.</summary>
    public static Task<Silo> StartLeased(StorageFolder files, TimeProvider time) => Start(1, files, time, new LeaseRules(IsOn: true));

    /// <summary>Several silos over the same files.</summary>
    public static Task<Silo> Start(short silos, StorageFolder files, TimeProvider? time, params (string Key, string Value)[] settings) => Start(silos, files, time, new LeaseRules(IsOn: false), settings);

    private static async Task<Silo> Start(short silos, StorageFolder files, TimeProvider? time, LeaseRules leases, params (string Key, string Value)[] settings)
    {
        var (storage, calls, warnings) = (new FaultyStorage(), new Calls(), new Written(LogLevel.Warning));
        var started = 0;
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ServiceId = "ampx";
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            foreach (var (key, value) in settings) silo.Configuration[$"Ampx:{key}"] = value;
            if (time is not null) silo.Services.AddSingleton(time is FakeTimeProvider standing ? new OrleansClock(standing) : time);
            silo.Services.AddOptions<WorkerOptions>().BindConfiguration("Ampx:Workers");
            silo.Services.AddSingleton(new TaskRules());
            silo.Services.AddSingleton(leases);
            silo.Services.AddGit(_ => files.Folder).AddForges();
            silo.AddAmpxStorage(files.Open);
            // The disk of the first silo fails when told to; each has its own way to the files, for it goes with the silo.
            (Interlocked.Increment(ref started) == 1 ? storage : new FaultyStorage()).StandBefore(silo.Services);
            silo.AddIncomingGrainCallFilter(calls);
            silo.Services.AddSingleton<ILoggerProvider>(warnings);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new Silo(cluster, storage, calls, warnings);
    }

    public ITaskGrain Task(string id) => cluster.Client.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(id));

    public IWakeGrain Wake(string taskId) => cluster.Client.GetGrain<IWakeGrain>(WakeShard.Of(taskId));

    /// <summary>Stores a task as if it had come so far; before its grain is called for the first time.</summary>
    public async Task<TaskState> Plant(TaskState task)
    {
        var store = cluster.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>(StorageExtensions.StorageName);
        await store.WriteStateAsync(StorageExtensions.TaskStateName, Task(task.Id).GetGrainId(), new GrainState<TaskState>(task));
        return task;
    }

    /// <summary>Changes a task as another silo does that has it too: behind the back of its activation here.</summary>
    public async Task<TaskState> WriteBehind(string id, params TaskEvent[] news)
    {
        var store = cluster.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>(StorageExtensions.StorageName);
        var state = new GrainState<TaskState>();
        await store.ReadStateAsync(StorageExtensions.TaskStateName, Task(id).GetGrainId(), state);
        foreach (var one in news)
        {
            state.State = TaskMachine.Apply(state.State!, one with { At = StorageFolder.Start }, new TaskRules());
            await store.WriteStateAsync(StorageExtensions.TaskStateName, Task(id).GetGrainId(), state);
        }

        return state.State!;
    }

    /// <summary>A task that <paramref name="run"/> prepares.</summary>
    public Task<TaskState> PlantRun(RunClaim run, string repo = "acme/shop") => Plant(TaskMachine.Apply(NewTask(repo: repo), new Claimed(run) { At = StorageFolder.Start }, new TaskRules()));

    public static TaskState NewTask(string owner = "ada", string repo = "acme/shop") => StorageFolder.NewTask(owner: owner, repo: repo);

    /// <summary>Ends, without a word, the silo on which <paramref name="grain"/> is active.</summary>
    public async Task KillSiloOf(IAddressable grain)
    {
        var at = await cluster.Client.GetGrain<IManagementGrain>(0).GetActivationAddress(grain);
        await cluster.KillSiloAsync(cluster.Silos.Single(silo => silo.SiloAddress.Equals(at)));
    }

    /// <summary>Asks for an agent's slot where there is nothing for the worker right now.</summary>
    /// <returns>The question, which has arrived and waits at the queue: who asks without that may be overtaken by what it says next.</returns>
    public async Task<Task<QueueEntry?>> AskInVain(string worker)
    {
        var (before, soon) = (calls.Waits(worker), StorageFolder.Soon);
        var question = Queue.Take(worker, RunKind.Agent, soon);
        while (calls.Waits(worker) == before)
        {
            if (question.IsCompleted) Assert.Fail($"{worker} was answered at once: {await question}");
            await System.Threading.Tasks.Task.Delay(5, soon);
        }

        return question;
    }

    /// <summary>How often the task was woken.</summary>
    public int Wakes(string id) => calls.Woken.GetValueOrDefault(Task(id).GetGrainId());

    public async Task<TaskState> Until(string id, Func<TaskState, bool> wanted)
    {
        var soon = StorageFolder.Soon;
        while (true)
        {
            var task = await Task(id).Find();
            if (wanted(task!)) return task!;
            if (soon.IsCancellationRequested) Assert.Fail($"Task {id} isn't what is waited for: {task}. Warnings of the silo: {string.Join('\n', warnings.Lines)}");
            await System.Threading.Tasks.Task.Delay(20, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.StopAllSilosAsync();
        await cluster.DisposeAsync();
    }

    private sealed class Calls : IIncomingGrainCallFilter
    {
        private readonly ConcurrentDictionary<string, int> waits = [];

        public ConcurrentDictionary<GrainId, int> Woken { get; } = [];

        /// <summary>How many questions of the worker found the queue empty.</summary>
        public int Waits(string worker) => waits.GetValueOrDefault(worker);

        public System.Threading.Tasks.Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.Grain is IWorkQueueGrain && context.MethodName is nameof(IWorkQueueGrain.Take))
            {
                var question = context.Invoke();
                if (!question.IsCompleted) waits.AddOrUpdate((string)context.Request.GetArgument(0)!, 1, (_, count) => count + 1);
                return question;
            }

            if (context is { InterfaceName: var name, MethodName: nameof(ITaskGrain.Wake) } && name.Contains("task", StringComparison.OrdinalIgnoreCase))
                Woken.AddOrUpdate(context.TargetId, 1, (_, count) => count + 1);
            return context.Invoke();
        }
    }
}

/// <summary>The real storage behind a disk that fails when told to.</summary>
internal sealed class FaultyStorage : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private IGrainStorage real = null!;

    /// <summary>The next write fails before it reaches the disk.</summary>
    public bool LoseNext { get; set; }

    /// <summary>The next write reaches the disk and its answer is lost.</summary>
    public bool ForgetNext { get; set; }

    /// <summary>So many reads and writes still find the database held by another program.</summary>
    public int Busy { get; set; }

    /// <summary>What is said then.</summary>
    public Exception Answer { get; set; } = new TimeoutException("the disk didn't answer");

    /// <summary>Nothing can be read.</summary>
    public bool Unreadable { get; set; }

    /// <summary>Writes wait for this.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public void StandBefore(IServiceCollection services)
    {
        var inner = services.Last(service => service.ServiceType == typeof(IGrainStorage) && Equals(service.ServiceKey, StorageExtensions.StorageName));
        services.Remove(inner);
        services.AddKeyedSingleton<IGrainStorage>(StorageExtensions.StorageName, (provider, key) =>
        {
            real = (IGrainStorage)(inner.KeyedImplementationFactory?.Invoke(provider, key) ?? ActivatorUtilities.CreateInstance(provider, inner.KeyedImplementationType!));
            return this;
        });
    }

    public void Participate(ISiloLifecycle observer) => ((ILifecycleParticipant<ISiloLifecycle>)real).Participate(observer);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        ThrowIfBusy();
        return Unreadable ? throw new IOException("the disk is gone") : real.ReadStateAsync(stateName, grainId, grainState);
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Gate;
        ThrowIfBusy();
        if (LoseNext)
        {
            LoseNext = false;
            throw new IOException("No space left on device");
        }

        await real.WriteStateAsync(stateName, grainId, grainState);
        if (!ForgetNext) return;
        ForgetNext = false;
        throw Answer;
    }

    private void ThrowIfBusy()
    {
        if (Busy == 0) return;
        Busy--;
        throw new SqliteException("database is locked", 5);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => real.ClearStateAsync(stateName, grainId, grainState);
}
