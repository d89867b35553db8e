using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ampx.Silo.Hosting;

namespace Ampx.Bench.Waiting;

/// <summary>Bytes after a full collection.</summary>
internal sealed record Memory(long Heap, long Working)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Heap / 1048576.0:0.0} MB of heap, {Working / 1048576.0:0.0} MB of working set");
}

/// <summary>The service in a process of its own that can be asked for its memory: on its standard input, which also ends it.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process process;

    private ServiceProcess(Process process, string url, TimeSpan ready) => (this.process, Url, Ready) = (process, url, ready);

    public string Url { get; }

    /// <summary>From the process's start until it answered.</summary>
    public TimeSpan Ready { get; }

    public static async Task<ServiceProcess> Start(string folder, string gitHub, string? postgres)
    {
        var since = Stopwatch.StartNew();
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["service", folder, gitHub, .. postgres is null ? Array.Empty<string>() : [postgres]])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        var url = await Answer(process);
        using var http = new HttpClient();
        while (!(await http.GetAsync(new Uri($"{url}/health/ready"))).IsSuccessStatusCode) await Task.Delay(10);
        return new(process, url, since.Elapsed);
    }

    public async Task<Memory> Memory()
    {
        await process.StandardInput.WriteLineAsync("memory");
        var numbers = (await Answer(process)).Split(' ').Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToList();
        return new(numbers[0], numbers[1]);
    }

    /// <summary>How late each of Orleans' reminders has come so far, in seconds, as Orleans itself measures it.</summary>
    public async Task<IReadOnlyList<double>> Reminders()
    {
        await process.StandardInput.WriteLineAsync("reminders");
        return [.. (await Answer(process)).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture)).Order()];
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>The other end.</summary>
    public static async Task<int> Serve(string folder, string gitHub, string? postgres)
    {
        var flags = new Dictionary<string, string?>
        {
            ["Ampx:DataDirectory"] = folder,
            ["Ampx:Urls"] = "http://127.0.0.1:0",
            ["Ampx:GitHub:ApiUrl"] = $"{gitHub}/api/v3/",
            ["Ampx:GitHub:WebUrl"] = $"{gitHub}/",
            ["Ampx:GitHub:Token"] = "bench",
            ["Logging:LogLevel:Default"] = "Error",
            ["Logging:LogLevel:Ampx"] = "Error",
        };
        if (postgres is not null) (flags["Ampx:Storage:Provider"], flags["Ampx:Storage:ConnectionString"]) = ("postgres", postgres);
        var late = new ConcurrentQueue<double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name is "orleans-reminders-tardiness") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => late.Enqueue(seconds));
        listener.Start();
        await using var service = await AmpxService.Start(flags, hearSignals: true, CancellationToken.None);
        Console.WriteLine(Mark + service.Url);
        while (await Console.In.ReadLineAsync() is { } wish)
        {
            if (wish is "reminders")
            {
                Console.WriteLine(Mark + string.Join(' ', late.Select(seconds => seconds.ToString("R", CultureInfo.InvariantCulture))));
                continue;
            }

            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            using var self = Process.GetCurrentProcess();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Mark}{GC.GetTotalMemory(forceFullCollection: true)} {self.WorkingSet64}"));
        }

        await service.Stop(stopAgents: true);
        return 0;
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>The service's own log goes the same way.</summary>
    private const string Mark = "=> ";

    private static async Task<string> Answer(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal)) return line[Mark.Length..];
        }

        throw new InvalidOperationException("the service ended");
    }
}
