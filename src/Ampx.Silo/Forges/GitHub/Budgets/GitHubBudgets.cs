using System.Globalization;
using Ampx.Core.Tasks;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Forges.GitHub.Budgets;

/// <summary>The permits of one credential, for every silo; its key is the credential's <c>BudgetKey</c>.</summary>
[Alias("ampx.github-budget")]
public interface IGitHubBudgetGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="CallBudget.Ask"/>
    [Alias("Ask")]
    Task<CallPermit> Ask(ApiCall call, TimeSpan patience);

    /// <inheritdoc cref="CallBudget.Report"/>
    [Alias("Report")]
    Task Report(long permit, CallReport report);
}

/// <summary>Asks the cluster before each call to GitHub. A short wait is waited here, a longer one is the task's; without a cluster to ask, calls go on.</summary>
public sealed partial class GitHubBudgets(IGrainFactory grains, TimeProvider time, ILogger<GitHubBudgets> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(3);

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary><paramref name="network"/> with the permits of <paramref name="key"/> before it.</summary>
    public HttpMessageHandler Before(HttpMessageHandler network, string key) => new Gate(network, key, this);

    /// <summary>The permit to report with; null where nobody could be asked.</summary>
    /// <exception cref="ForgeException">With <see cref="ForgeException.RetryAt"/>: the wait is longer than a few seconds.</exception>
    private async Task<long?> Enter(string key, ApiCall call, CancellationToken cancel)
    {
        var until = Now + Patience;
        while (true)
        {
            var left = until - Now;
            CallPermit permit;
            try
            {
                permit = await grains.GetGrain<IGitHubBudgetGrain>(key).Ask(call, left).WaitAsync(AnswerLimit, time, cancel);
            }
            catch (Exception unheard) when (!cancel.IsCancellationRequested)
            {
                LogUnheard(key, unheard);
                return null;
            }

            if (permit.Id is { } id) return id;
            var at = Now + permit.Wait;
            if (permit.Wait > left)
                throw new ForgeException(ErrorCodes.CiInfrastructure, $"{permit.Why} until {at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC") { RetryAt = at };
            await Task.Delay(permit.Wait, time, cancel);
        }
    }

    private void Leave(string key, long permit, CallReport report) => grains.GetGrain<IGitHubBudgetGrain>(key).Report(permit, report)
        .ContinueWith(lost => LogUnheard(key, lost.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    [LoggerMessage(LogLevel.Debug, "the budget of {Key} couldn't be asked; the call is made all the same")]
    private partial void LogUnheard(string key, Exception exception);

    private sealed class Gate(HttpMessageHandler network, string key, GitHubBudgets budgets) : DelegatingHandler(network)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var permit = await budgets.Enter(key, ApiCall.Of(request), cancellationToken);
            var report = CallReport.Nothing;
            var status = 0;
            try
            {
                var answer = await base.SendAsync(request, cancellationToken);
                status = (int)answer.StatusCode;
                report = await CallReport.Of(answer, budgets.Now, cancellationToken);
                return answer;
            }
            finally
            {
                Measures.GitHubCall(status, report.Resource, report.Remaining);
                if (permit is { } id) budgets.Leave(key, id, report);
            }
        }
    }
}
