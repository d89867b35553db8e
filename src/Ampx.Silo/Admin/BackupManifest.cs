using System.Security.Cryptography;

namespace Ampx.Silo.Admin;

/// <summary><c>manifest.json</c>, the first entry of a backup.</summary>
/// <param name="Format">Grows when older programs can't read it any more.</param>
/// <param name="Version">Of the service that wrote it.</param>
/// <param name="CreatedAt">When the copies were taken.</param>
/// <param name="Files">What else is in it, by name, with each file's SHA-256.</param>
public sealed record BackupManifest(int Format, string Version, DateTimeOffset CreatedAt, IReadOnlyDictionary<string, string> Files)
{
    public const string Name = "manifest.json";

    /// <summary>The newest format that this program reads, and the one that it writes.</summary>
    public const int Newest = 1;

    /// <summary>The only names that a backup may have, in the order of restoring: the main database last, for without it nothing is restored.</summary>
    public static readonly IReadOnlyList<string> Known = ["logs.db", "token", "worker-id", "ampx.db"];

    /// <summary>A file's SHA-256 in hexadecimal.</summary>
    public static async Task<string> HashOf(string file, CancellationToken cancel)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel));
    }
}
