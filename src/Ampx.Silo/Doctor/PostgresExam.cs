using System.Data.Common;
using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;

namespace Ampx.Silo.Doctor;

/// <summary>The cluster's database: it answers, is new enough, and has room for connections.</summary>
internal sealed class PostgresExam(Database database) : IExam
{
    private const int Oldest = 140000;

    /// <summary>About what one more process of a cluster opens under load.</summary>
    private const int Process = 52;

    private const string State = """
        SELECT current_setting('server_version'), current_setting('server_version_num')::int, (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int,
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        """;

    public string Name => "database";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (!database.IsShared) yield break;
        foreach (var check in await Checks(cancel)) yield return check;
    }

    private async Task<DoctorCheck[]> Checks(CancellationToken cancel)
    {
        try
        {
            var (version, number, used, most) = (await database.Readers.Rows(State, null, row => (row.GetString(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3)), cancel)).Single();
            return
            [
                number >= Oldest
                    ? DoctorCheck.Fine(Name, $"PostgreSQL {version}")
                    : DoctorCheck.Bad(Name, $"PostgreSQL {version}, which is too old", "Upgrade the server to 14 or newer."),
                Connections(used, most),
            ];
        }
        catch (Exception silent) when (silent is DbException or TimeoutException)
        {
            return [DoctorCheck.Bad(Name, $"PostgreSQL doesn't answer: {silent.Message}", "Look at the server and the way to it; tasks go on by themselves when it is back.")];
        }
    }

    /// <summary>What so many connections in use mean.</summary>
    internal static DoctorCheck Connections(int used, int most) => most - used >= Process
        ? DoctorCheck.Fine("connections", $"{used} of {most} in use", needed: false)
        : DoctorCheck.Warning("connections", $"{used} of {most} in use; one process of Ampx opens up to {Process}", "Raise max_connections in postgresql.conf, or give each process fewer: 'Maximum Pool Size' in Ampx:Storage:ConnectionString.");
}
