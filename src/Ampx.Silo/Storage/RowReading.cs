using System.Data.Common;
using Dapper;

namespace Ampx.Silo.Storage;

/// <summary>Reading rows off a data source.</summary>
internal static class RowReading
{
    /// <summary>Runs <paramref name="sql"/> off the caller's thread: SQLite answers synchronously, and a grain's turn shouldn't wait in it.</summary>
    public static Task<List<T>> Rows<T>(this DbDataSource source, string sql, object? args, Func<DbDataReader, T> row, CancellationToken cancel) => Task.Run(async () =>
    {
        await using var connection = await source.OpenConnectionAsync(cancel);
        await using var reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, args, cancellationToken: cancel));
        var rows = new List<T>();
        while (await reader.ReadAsync(cancel)) rows.Add(row(reader));
        return rows;
    }, cancel);

    /// <summary>A list for <c>IN</c>, a parameter each: Dapper's own is an array on PostgreSQL, which IN doesn't take.</summary>
    public static (string List, DynamicParameters Args) In(IEnumerable<string> values)
    {
        var args = new DynamicParameters();
        var names = new List<string>();
        foreach (var value in values)
        {
            names.Add($"@in{names.Count}");
            args.Add(names[^1], value);
        }

        return ($"({string.Join(", ", names)})", args);
    }

    public static string? Text(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static DateTimeOffset Time(this DbDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    public static DateTimeOffset? TimeOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.Time(column);

    public static T Word<T>(this DbDataReader row, int column) where T : struct, Enum => Words<T>.Of[row.GetString(column)];

    private static class Words<T> where T : struct, Enum
    {
        public static readonly Dictionary<string, T> Of = Enum.GetValues<T>().ToDictionary(Ampx.Core.AmpxJson.Word, StringComparer.Ordinal);
    }
}
