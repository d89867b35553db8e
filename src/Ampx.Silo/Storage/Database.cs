using System.Data.Common;

namespace Ampx.Silo.Storage;

/// <summary>The database of a service, whichever it is.</summary>
/// <param name="Invariant">Orleans' name of its ADO.NET provider.</param>
/// <param name="Writer">State, reminders and what is derived of them are written here.</param>
/// <param name="Readers">And read here: lists never wait for a write.</param>
/// <param name="LogWriter">Log chunks are written here: output can't delay a transition.</param>
/// <param name="LogReaders">And read here.</param>
/// <param name="LogLock">Run first in a transaction that adds to the logs of <c>@tasks</c>, where several processes write; null where one does.</param>
public sealed record Database(
    string Invariant, DbDataSource Writer, DbDataSource Readers, DbDataSource LogWriter, DbDataSource LogReaders, string? LogLock = null) : IDisposable
{
    /// <summary>Several processes have it at once: a cluster's.</summary>
    public bool IsShared => LogLock is not null;

    /// <inheritdoc/>
    public void Dispose()
    {
        LogReaders.Dispose();
        LogWriter.Dispose();
        Readers.Dispose();
        Writer.Dispose();
    }
}
