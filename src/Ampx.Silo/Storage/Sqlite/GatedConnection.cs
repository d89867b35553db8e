using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>
/// A connection that takes a place at <paramref name="gate"/> when it opens and gives it back when it is disposed, so that nobody waits
/// inside SQLite (Microsoft.Data.Sqlite waits there by blocking the thread).
/// </summary>
internal sealed class GatedConnection(string connectionString, SemaphoreSlim gate, string pragmas) : SqliteConnection(connectionString)
{
    private int held;

    public override void Open()
    {
        gate.Wait();
        OpenHeld();
    }

    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        OpenHeld();
    }

    protected override void Dispose(bool disposing)
    {
        try
        {
            base.Dispose(disposing);
        }
        finally
        {
            Release();
        }
    }

    private void OpenHeld()
    {
        held = 1;
        try
        {
            base.Open();
            using var command = CreateCommand();
            command.CommandText = pragmas;
            command.ExecuteNonQuery();
        }
        catch
        {
            Close();
            Release();
            throw;
        }
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref held, 0) == 1) gate.Release();
    }
}
