using Ampx.Core.Tasks;
using Ampx.Silo.Workers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Telemetry;

/// <summary>Keeps the counts that metrics are asked for at any time: the database is asked twice a minute, however many ask.</summary>
internal sealed partial class TaskCounts(ITaskIndex index, TimeProvider clock, ILogger<TaskCounts> log, Worker? worker = null) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);
    private IReadOnlyDictionary<Status, int> counts = new Dictionary<Status, int>();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Measures.Watch(() => Enum.GetValues<Status>().Select(status => (status, counts.GetValueOrDefault(status))), () => worker?.Held.Count ?? 0);
        using var timer = new PeriodicTimer(Period, clock);
        do
        {
            try
            {
                counts = await index.CountByStatus(stoppingToken);
            }
            catch (Exception away) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(away);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(LogLevel.Debug, "tasks couldn't be counted; the last counts stand")]
    private partial void LogAway(Exception exception);
}
