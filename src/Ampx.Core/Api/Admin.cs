using Orleans.Concurrency;

namespace Ampx.Core.Api;

/// <summary>Body of <c>POST /admin/check</c>.</summary>
public sealed record CheckRequest(bool Repair = false);

/// <summary>One thing that doesn't agree with the stored states.</summary>
/// <param name="Kind"><c>index</c>, <c>timeline</c>, <c>attempt</c>, <c>reminder</c>, <c>activation</c>, <c>run</c>, <c>run_folder</c>, <c>workspace</c>, or <c>machine</c> where one couldn't be asked.</param>
/// <param name="TaskId">Whose; null where it is no task's.</param>
/// <param name="Where">The row, reminder, worker or folder.</param>
/// <param name="Detail">What differs.</param>
/// <param name="Repaired">It was mended: a look afterwards found it no more.</param>
[GenerateSerializer, Immutable, Alias("ampx.check-finding.v1")]
public sealed record CheckFinding(string Kind, string? TaskId, string Where, string Detail, bool Repaired = false);

/// <summary>How many of each were looked at.</summary>
[GenerateSerializer, Immutable, Alias("ampx.check-counts.v1")]
public sealed record CheckCounts(int Tasks, int TimelineEntries, int Reminders, int Activations, int Runs, int RunFolders, int Workspaces, int Machines);

/// <summary>Answer of <c>POST /admin/check</c>.</summary>
[GenerateSerializer, Immutable, Alias("ampx.check-report.v1")]
public sealed record CheckReport(IReadOnlyList<CheckFinding> Findings, CheckCounts Checked);

/// <summary>Compares what is stored with all that is derived of it. A grain, so that a gateway without a silo of its own can ask too; key 0.</summary>
[Alias("ampx.admin")]
public interface IAdminGrain : IGrainWithIntegerKey
{
    /// <summary>Looks; what is in motion is looked at again before it counts. With <paramref name="repair"/> mends what it found.</summary>
    [Alias("Check"), ResponseTimeout("00:10:00")]
    Task<CheckReport> Check(bool repair, CancellationToken cancel);
}

/// <summary>Writes backups of the service's own files.</summary>
public interface IServiceBackup
{
    /// <summary>Why this service has no file to give, and what to use instead; null if it has.</summary>
    string? WhyNot { get; }

    /// <summary>Takes the copies; what is then written of them is of one moment, however long it takes.</summary>
    Task<IBackupCopy> Take(CancellationToken cancel);
}

/// <summary>A backup that is taken and waits to be sent; disposing removes it.</summary>
public interface IBackupCopy : IDisposable
{
    /// <summary>Writes it as one archive, <c>.tar.gz</c>.</summary>
    Task Write(Stream to, CancellationToken cancel);
}
