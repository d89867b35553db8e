using System.Collections.Concurrent;
using Ampx.Core.Api;
using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Doctor;

/// <summary>One subject that doctor looks at. What it yields is kept even if what comes next hangs.</summary>
internal interface IExam
{
    /// <summary>Names the line that says that the exam hung or broke.</summary>
    string Name { get; }

    /// <param name="repo">The repository that was asked about; null if none was.</param>
    /// <param name="cancel">The exam's time is up.</param>
    IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, CancellationToken cancel);
}

/// <summary>All exams at once, each with its own time limit.</summary>
internal sealed partial class Checkup(IEnumerable<IExam> exams, TimeProvider time, ILogger<Checkup> log, Redactor? redactor = null)
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The lines of all exams, in the order of the exams.</summary>
    public async Task<IReadOnlyList<DoctorCheck>> Run(RepoRef? repo, CancellationToken cancel)
    {
        var found = await Task.WhenAll(exams.Select(exam => Within(exam, repo, cancel)));
        return [.. found.SelectMany(checks => checks).Select(check => check with { Detail = redactor?.Mask(check.Detail) ?? check.Detail })];
    }

    private async Task<IEnumerable<DoctorCheck>> Within(IExam exam, RepoRef? repo, CancellationToken cancel)
    {
        var found = new ConcurrentQueue<DoctorCheck>();
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        var token = both.Token;
        // Off the caller's thread, and left alone when the time is up: a file on a dead network disk can't be cancelled.
        var work = Task.Run(async () =>
        {
            await foreach (var check in exam.Look(repo, token)) found.Enqueue(check);
        }, CancellationToken.None);
        try
        {
            await work.WaitAsync(token);
            return found;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return found.ToArray().Append(DoctorCheck.Bad(exam.Name, $"no answer within {Limit.TotalSeconds:0} s; the rest of this was not looked at", "Look at what it waits for, then run doctor again."));
        }
        catch (Exception broke) when (broke is not OperationCanceledException)
        {
            LogBroke(exam.Name, broke);
            return found.ToArray().Append(DoctorCheck.Bad(exam.Name, $"couldn't be looked at: {broke.Message.ReplaceLineEndings(" ")}", "The service's log has more."));
        }
    }

    [LoggerMessage(LogLevel.Warning, "doctor: {Exam} couldn't be looked at")]
    private partial void LogBroke(string exam, Exception exception);
}
