using System.Text.Json;

namespace Ampx.Cli.Connecting;

/// <summary>A service that <c>ampx up</c> started: where it is, where its token lies, and its process while it runs.</summary>
internal sealed record KnownServer(string Url, string TokenFile, string Data, int? Pid);

/// <summary><c>servers.json</c>: the services that <c>ampx up</c> started for this user, so that no command needs <c>--server</c> or <c>--token</c> for them.</summary>
internal sealed class KnownServers(string folder)
{
    private string File => Path.Combine(folder, "servers.json");

    /// <summary>What is noted; nothing if the file is missing or not readable.</summary>
    public IReadOnlyList<KnownServer> Read()
    {
        try
        {
            using var file = System.IO.File.OpenRead(File);
            return [.. (JsonSerializer.Deserialize(file, CliJson.Compact.IReadOnlyListKnownServer) ?? []).Where(server => server is { Url: not null, Data: not null, TokenFile: not null })];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }

    /// <summary>Notes <paramref name="server"/>; what was noted for its address or data folder before is replaced.</summary>
    public void Note(KnownServer server)
    {
        Directory.CreateDirectory(folder);
        var others = Read().Where(old => old.Url != server.Url && old.Data != server.Data && Directory.Exists(old.Data));
        var temporary = $"{File}.{Environment.ProcessId}";
        System.IO.File.WriteAllText(temporary, JsonSerializer.Serialize((IReadOnlyList<KnownServer>)[.. others, server], CliJson.Compact.IReadOnlyListKnownServer));
        System.IO.File.Move(temporary, File, overwrite: true);
    }

    /// <summary>The services whose process still runs.</summary>
    public IReadOnlyList<KnownServer> Live() => [.. Read().Where(server => server.Pid is { } pid && Processes.IsAlive(pid))];
}
