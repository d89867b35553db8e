using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Bench.Waiting;

/// <summary>
/// What many tasks cost that wait for CI: memory for each, the time of a restart with all of them, and how late those are woken whose time comes meanwhile.
/// The service is a process of its own on a real data folder; GitHub is a stub that answers a listing that hasn't changed with 304.
/// </summary>
internal static class WaitingBench
{
    private const int Repos = 20;
    private const int BackingOff = 1000;
    private static readonly TimeSpan Spread = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<int> Run(string[] arguments)
    {
        var tasks = Value("--tasks") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 10_000;
        var postgres = Value("--postgres");
        var folder = Directory.CreateTempSubdirectory("ampx-bench-").FullName;
        await using var gitHub = await GitHubStub.Start(Repos);
        try
        {
            Console.WriteLine($"{tasks:#,0} tasks that wait for CI in {Repos} repositories, on {(postgres is null ? "SQLite" : "PostgreSQL")}");
            var empty = await Empty(folder, gitHub, postgres);
            await Full(tasks, folder, gitHub, postgres, empty);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        string? Value(string name) => Array.IndexOf(arguments, name) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }

    /// <summary>The second start, for the first one makes the database.</summary>
    private static async Task<Memory> Empty(string folder, GitHubStub gitHub, string? postgres)
    {
        await (await ServiceProcess.Start(folder, gitHub.Url, postgres)).DisposeAsync();
        await using var service = await ServiceProcess.Start(folder, gitHub.Url, postgres);
        var memory = await service.Memory();
        Print("ready without tasks", $"{service.Ready.TotalSeconds:0.00} s");
        Print("memory without tasks", $"{memory}");
        return memory;
    }

    private static async Task Full(int tasks, string folder, GitHubStub gitHub, string? postgres, Memory empty)
    {
        var planting = Stopwatch.StartNew();
        Dictionary<string, DateTimeOffset> due;
        await using (var storage = await PlantedTasks.Open(folder, postgres))
        {
            await storage.Wait(tasks, Repos, gitHub);
            due = await storage.BackOff(BackingOff, Repos, gitHub, TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(30), Spread);
        }

        Print("planted", $"{tasks + BackingOff:#,0} states in {planting.Elapsed.TotalSeconds:0.0} s");
        gitHub.Forget();
        var since = Stopwatch.StartNew();
        await using var service = await ServiceProcess.Start(folder, gitHub.Url, postgres);
        Print("ready", $"{service.Ready.TotalSeconds:0.00} s");
        await gitHub.Listed.WaitAsync(Patience);
        Print("all watches have listed", $"{since.Elapsed.TotalSeconds:0.00} s after the start, {gitHub.Calls} calls");
        var full = await service.Memory();
        Print("memory with them", $"{full}");
        Print("memory per task", $"{(full.Heap - empty.Heap) / (double)tasks / 1024:0.00} KB of heap, {(full.Working - empty.Working) / (double)tasks / 1024:0.00} KB of working set");
        var (calls, unchanged) = (gitHub.Calls, gitHub.Unchanged);
        await Lateness(service, folder, due);
        var reminders = await service.Reminders();
        Print("reminders late by", reminders.Count == 0 ? "none came" : string.Create(CultureInfo.InvariantCulture, $"median {reminders[reminders.Count / 2] * 1000:0.0} ms, most {reminders[^1] * 1000:0.0} ms, of {reminders.Count}"));
        Print("calls meanwhile", $"{gitHub.Calls - calls}, {gitHub.Unchanged - unchanged} of them 304");
    }

    private static async Task Lateness(ServiceProcess service, string folder, Dictionary<string, DateTimeOffset> due)
    {
        var last = due.Values.Max() - TimeProvider.System.GetUtcNow();
        if (last > TimeSpan.Zero) await Task.Delay(last);
        using var http = new HttpClient { BaseAddress = new Uri($"{service.Url}/api/v1/") };
        http.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(folder, "token"))).Trim());
        var late = new List<TimeSpan>();
        var since = Stopwatch.StartNew();
        foreach (var (id, time) in due)
        {
            TimelineEntry? woken;
            while ((woken = (await http.GetFromJsonAsync<Timeline>($"tasks/{id}/timeline", AmpxJson.Options))!.Entries.FirstOrDefault(entry => entry.Cause is "backoff_ended")) is null)
            {
                if (since.Elapsed > Patience) throw new TimeoutException($"task {id}, due at {time:O}, was not woken");
                await Task.Delay(100);
            }

            late.Add(woken.Time - time);
        }

        late.Sort();
        Print("woken late by", string.Create(CultureInfo.InvariantCulture,
            $"median {late[late.Count / 2].TotalMilliseconds:0} ms, p99 {late[late.Count * 99 / 100].TotalMilliseconds:0} ms, most {late[^1].TotalMilliseconds:0} ms, least {late[0].TotalMilliseconds:0} ms, of {late.Count:#,0} due within {Spread.TotalSeconds:0} s"));
    }

    private static void Print(string what, string value) => Console.WriteLine($"  {what,-24} {value}");
}
