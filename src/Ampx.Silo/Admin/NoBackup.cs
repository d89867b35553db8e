using Ampx.Core.Api;

namespace Ampx.Silo.Admin;

/// <summary>A process of a cluster has no files to back up: what is to be kept is in the database.</summary>
internal sealed class NoBackup : IServiceBackup
{
    internal const string Words = "this service keeps its data in PostgreSQL: back that up with pg_dump --format=custom (docs/DEPLOYMENT.md has the commands)";

    public string? WhyNot => Words;

    public Task<IBackupCopy> Take(CancellationToken cancel) => throw new NotSupportedException(Words);
}
