using Ampx.Core;

namespace Ampx.Cli.Connecting;

/// <summary>Which service a command talks to, and as whom.</summary>
/// <param name="Server">Its address, without a path.</param>
/// <param name="Token">Null if none was found: the service will say what it thinks of that.</param>
internal sealed record Connection(Uri Server, string? Token)
{
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>
    /// Server: <c>--server</c>, AMPX_SERVER, config file, the one service that runs here, else <see cref="DefaultUrl"/>.
    /// Token: <c>--token</c>, AMPX_TOKEN, the config file's if it belongs to that server, else the token file of the service at that address.
    /// </summary>
    public static Connection Find(string? server, string? token, Folders folders)
    {
        var config = new ConfigFile(folders.Config).Read();
        var known = new KnownServers(folders.Config);
        var given = NonEmpty(server) ?? folders.Get("AMPX_SERVER") ?? config.Server;
        var url = Parse(given ?? TheOneThatRuns(known) ?? DefaultUrl);
        return new(url, Sendable(NonEmpty(token) ?? folders.Get("AMPX_TOKEN") ?? ConfigToken(config, url) ?? TokenFile(known, url, folders)));
    }

    private static string? Sendable(string? token)
    {
        token = token?.Trim();
        return token?.All(c => c is > ' ' and <= '~') is false ? throw CliError.Usage("The token has characters that no token has.", "Look at --token, AMPX_TOKEN or 'ampx config get token'.") : token;
    }

    /// <summary>Whether both are the same service's address, however this machine is called in them.</summary>
    public static bool Same(Uri a, Uri b) => a.Port == b.Port && a.Scheme == b.Scheme
        && (a.Host.Equals(b.Host, StringComparison.OrdinalIgnoreCase) || (a.IsLoopback && b.IsLoopback));

    private static string? TheOneThatRuns(KnownServers known)
    {
        var live = known.Live();
        return live.Count == 1 ? live[0].Url : null;
    }

    // A token is shown to no other server than the one it was kept for.
    private static string? ConfigToken(CliConfig config, Uri url) => config.Token is { } token && Same(Parse(config.Server ?? DefaultUrl), url) ? token : null;

    // Only to a service that runs: once it is gone, anybody may listen on its port.
    private static string? TokenFile(KnownServers known, Uri url, Folders folders)
    {
        var noted = known.Live().FirstOrDefault(server => IsAt(server.Url))?.TokenFile;
        var file = noted ?? (ServiceFile.Live(folders.Data) is { } own && IsAt(own.Url) ? Path.Combine(folders.Data, "token") : null);
        try
        {
            return file is null ? null : NonEmpty(File.ReadAllText(file).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        bool IsAt(string address) => Uri.TryCreate(address, UriKind.Absolute, out var at) && Same(at, url);
    }

    /// <summary>A server's address as people write it; without a scheme another machine's is https, since a token goes there.</summary>
    public static Uri Parse(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text
            : Uri.TryCreate($"http://{text}", UriKind.Absolute, out var here) && here.IsLoopback ? $"http://{text}" : $"https://{text}";
        if (Uri.TryCreate(full, UriKind.Absolute, out var url) && url.UserInfo.Length > 0)
            throw CliError.Usage($"The server's address has a name or password in it: {url.Scheme}://…@{url.Authority}.", "Give a token by --token or AMPX_TOKEN.");
        if (url?.Scheme is "http" or "https" && url.Host.Length > 0)
            return new Uri(url.AbsoluteUri.EndsWith('/') ? url.AbsoluteUri : $"{url.AbsoluteUri}/");
        throw CliError.Usage($"'{text}' is no server address.", $"Give one like {DefaultUrl} or https://ampx.example.com.");
    }

    private static string? NonEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
