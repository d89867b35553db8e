using Ampx.Silo.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Notifications;

/// <summary>
/// Tells others of tasks that have ended, at least once, however long they are away: a notification lies in the database until its channel has answered with 2xx,
/// and is given up after a day.
/// </summary>
internal sealed partial class Notifier(NotificationTable table, NotifyOptions options, Func<Uri?> board, HttpMessageInvoker http, TimeProvider clock, ILogger<Notifier> log) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1), AnswerLimit = TimeSpan.FromSeconds(15), Hold = TimeSpan.FromSeconds(20), First = TimeSpan.FromSeconds(2), Longest = TimeSpan.FromHours(1), GiveUp = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Try(() => table.SetUp(options.Channels.Keys, options.Statuses, stoppingToken), untilItWorks: true, stoppingToken);
        if (options.Channels.Count == 0) return;
        using var timer = new PeriodicTimer(Look, clock);
        do await Try(() => Round(stoppingToken), untilItWorks: false, stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task Round(CancellationToken stopping) =>
        await Task.WhenAll((await table.Take(Hold, stopping)).Select(due => Tell(due, stopping)));

    private async Task Tell(DueNotification due, CancellationToken stopping)
    {
        if (due.Task is null || !options.Channels.TryGetValue(due.Channel, out var url))
        {
            await table.Remove(due.Id, stopping);
            return;
        }

        if (await WhyNot(due, url, stopping) is not { } why)
        {
            await table.Remove(due.Id, stopping);
            LogTold(due.Task.Id, due.Channel);
        }
        else if (clock.GetUtcNow() - due.CreatedAt > GiveUp)
        {
            LogGivenUp(due.Task.Id, due.Channel, why);
            await table.Remove(due.Id, stopping);
        }
        else
        {
            var wait = TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(due.Tries, 16)));
            LogNotTold(due.Task.Id, due.Channel, why, wait);
            await table.Postpone(due.Id, clock.GetUtcNow() + wait, stopping);
        }
    }

    /// <summary>Sends it; null when it was taken.</summary>
    private async Task<string?> WhyNot(DueNotification due, Uri url, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(AnswerLimit);
        using var request = Messages.Of(due.Channel, url, options.Secret, due.Task!, board());
        try
        {
            using var answer = await http.SendAsync(request, limit.Token);
            return answer.IsSuccessStatusCode ? null : $"it answered {(int)answer.StatusCode}";
        }
        catch (Exception unheard) when (!stopping.IsCancellationRequested && unheard is HttpRequestException or OperationCanceledException or IOException)
        {
            return unheard is OperationCanceledException ? $"no answer within {AnswerLimit.TotalSeconds:0} s" : unheard.Message;
        }
    }

    private async Task Try(Func<Task> work, bool untilItWorks, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception away) when (!stopping.IsCancellationRequested)
            {
                LogAway(away);
                if (!untilItWorks) return;
                await Task.Delay(Look, clock, stopping);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "task {Task}: {Channel} knows of its end")]
    private partial void LogTold(string task, string channel);

    [LoggerMessage(LogLevel.Warning, "task {Task}: {Channel} couldn't be told of its end ({Why}); again in {Wait}")]
    private partial void LogNotTold(string task, string channel, string why, TimeSpan wait);

    [LoggerMessage(LogLevel.Error, "task {Task}: {Channel} was never told of its end ({Why}); given up after a day")]
    private partial void LogGivenUp(string task, string channel, string why);

    [LoggerMessage(LogLevel.Warning, "notifications can't be looked after; trying again")]
    private partial void LogAway(Exception exception);
}
