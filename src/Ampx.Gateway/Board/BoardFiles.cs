using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace Ampx.Gateway.Board;

/// <summary>The web board as the build put it into this assembly; a build without npm has none.</summary>
internal static class BoardFiles
{
    private const string Folder = "board/", Smaller = ".br";

    private static readonly Assembly Here = typeof(BoardFiles).Assembly;

    /// <summary>By name; what brotli makes smaller is there twice.</summary>
    private static readonly FrozenDictionary<string, BoardFile> Files = Here.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && !name.EndsWith(Smaller, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Folder.Length..], name => new BoardFile(TypeOf(name), Read(name)!, Read(name + Smaller)), StringComparer.Ordinal);

    /// <summary>The one page; null if this build has no board.</summary>
    public static BoardFile? Page => Files.GetValueOrDefault("index.html");

    /// <summary>A script or style of it, whose name has its hash.</summary>
    public static BoardFile? Asset(string name) => name == "index.html" ? null : Files.GetValueOrDefault(name);

    private static byte[]? Read(string name)
    {
        using var stream = Here.GetManifestResourceStream(name);
        if (stream is null) return null;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    };
}

/// <summary>One file of the board.</summary>
internal sealed record BoardFile(string Type, byte[] Bytes, byte[]? Brotli)
{
    public string ETag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(Bytes))[..16]}\"";
}
