using System.Diagnostics;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Ampx.Bench.Feedback;

/// <summary>
/// How long feedback from one long job log takes, the whole way: redirect, download, excerpt, text. Beside it the same bytes merely read, which is the limit.
/// </summary>
internal static class FeedbackBench
{
    private const int Runs = 5;
    private const int Budget = 12_000;

    public static async Task<int> Run(int megabytes)
    {
        Console.WriteLine($"Feedback from a log of {megabytes} MB over HTTP from another process; median of {Runs} (least to most)");
        Console.WriteLine($"{"lines",-10} {"merely read",22} {"feedback",22} {"MB/s",7} {"memory peak",12} {"managed peak",13} {"allocated",10}");
        var ok = true;
        foreach (var kind in LongLog.Kinds)
        {
            using var server = await Server.Start(kind, megabytes);
            ok &= await Measure(kind, server.Port, megabytes);
        }

        return ok ? 0 : 1;
    }

    private static async Task<bool> Measure(string kind, int port, int megabytes)
    {
        await using var services = Services(port);
        var logs = services.GetRequiredService<JobLogs>();
        var repo = RepoRef.Parse("o/r", new Uri($"http://127.0.0.1:{port}/"), out var wrong) ?? throw new InvalidOperationException(wrong);
        var job = new WorkflowJob(1, "test", "completed", "failure", true, null, []);
        using var http = new HttpClient();

        var (plain, whole) = (new List<TimeSpan>(), new List<TimeSpan>());
        var text = "";
        for (var i = 0; i < Runs; i++) plain.Add(await Timed(() => ReadPlainly(http, new Uri($"http://127.0.0.1:{port}/log"))));
        using var memory = MemoryPeak.Begin();
        for (var i = 0; i < Runs; i++)
        {
            whole.Add(await Timed(async () =>
            {
                var (excerpt, note) = await logs.Read(repo, job, Budget, default);
                text = CiFeedback.Compose([new("ci", job.Name, null, null, excerpt, note)], Budget);
            }));
        }

        var (working, managed, allocated) = memory.End();
        var found = text.Contains(LongLog.Assertion, StringComparison.Ordinal);
        Console.WriteLine($"{kind,-10} {Spread(plain),22} {Spread(whole),22} {megabytes / Median(whole).TotalSeconds,7:0} {working,9:0.0} MB {managed,10:0.0} MB {allocated / Runs,7:0.0} MB{(found ? "" : "  THE ASSERTION IS MISSING")}");
        return found;
    }

    private static async Task ReadPlainly(HttpClient http, Uri url)
    {
        await using var body = await http.GetStreamAsync(url);
        var buffer = new byte[1 << 16];
        while (await body.ReadAsync(buffer) > 0) { }
    }

    private static ServiceProvider Services(int port) => new ServiceCollection()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Ampx:GitHub:ApiUrl"] = $"http://127.0.0.1:{port}/api/v3/",
            ["Ampx:GitHub:WebUrl"] = $"http://127.0.0.1:{port}/",
            ["Ampx:GitHub:Token"] = "bench",
        }).Build())
        .AddLogging()
        .AddGitHub()
        .BuildServiceProvider();

    private static async Task<TimeSpan> Timed(Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work();
        return clock.Elapsed;
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    private static string Spread(List<TimeSpan> times) => $"{Median(times).TotalSeconds:0.00} s ({times.Min().TotalSeconds:0.00}-{times.Max().TotalSeconds:0.00})";

    private sealed class Server(Process process, int port) : IDisposable
    {
        public int Port => port;

        public static async Task<Server> Start(string kind, int megabytes)
        {
            var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["log-server", kind, $"{megabytes}"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
            var port = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the log server did not start");
            return new(process, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
        }

        public void Dispose()
        {
            process.StandardInput.Close();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
