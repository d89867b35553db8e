using System.Text.RegularExpressions;

namespace Ampx.Silo.Git;

/// <summary>Where a repository lives, and the short-lived token that opens it. Prints without its secrets.</summary>
/// <param name="Url"><c>https://</c>, <c>http://</c>, <c>ssh://</c>, <c>file://</c>, <c>user@host:path</c> or an absolute path.</param>
/// <param name="Token">Given to git as the password of <c>x-access-token</c>; for http(s) only.</param>
public sealed partial record GitRemote(string Url, string? Token = null)
{
    /// <summary>Another remote in place of this one, when its token isn't accepted any more; null if there is none. Two remotes are the same only if it is.</summary>
    public Func<GitRemote, CancellationToken, Task<GitRemote?>>? Renew { get; init; }

    /// <summary>The address as git gets it: without user and password, which git asks for.</summary>
    public string Address => Http().Match(Url) is { Success: true } http && Login is not null
        ? $"{http.Groups["scheme"].Value}://{Url[http.Groups["host"].Index..]}"
        : LocalPath ?? Url;

    /// <summary>The folder, for a repository on this machine.</summary>
    public string? LocalPath =>
        Url.StartsWith('/') ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(Url))
        : Url.StartsWith("file://", StringComparison.Ordinal) && Uri.TryCreate(Url, UriKind.Absolute, out var uri)
            ? Path.TrimEndingDirectorySeparator(uri.LocalPath)
            : null;

    /// <summary>What to answer when git asks, and whom: nobody but the address's own host.</summary>
    internal GitLogin? Login
    {
        get
        {
            if (Http().Match(Url) is not { Success: true } http) return null;
            var (scheme, host) = (http.Groups["scheme"].Value, http.Groups["host"].Value);
            if (Token is { Length: > 0 }) return new GitLogin(scheme, host, "x-access-token", Token);
            if (http.Groups["user"] is not { Success: true, Value: var user } || !user.Contains(':', StringComparison.Ordinal)) return null;
            var parts = user.Split(':', 2);
            return new GitLogin(scheme, host, Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1]));
        }
    }

    /// <summary>Refuses what git could take for an option or for a command to run.</summary>
    /// <exception cref="RemoteException">With <c>invalid_repo</c>.</exception>
    public GitRemote Checked()
    {
        var known = !Url.Any(char.IsControl)
            && !Url.Contains("::", StringComparison.Ordinal)
            && (LocalPath is not null || Http().IsMatch(Url) || Ssh().IsMatch(Url));
        const string Ways = "give https://, ssh://, user@host:path or an absolute path.";
        if (!known) throw RemoteException.Invalid($"'{this}' is not an address of a git repository: {Ways}");
        if (LocalPath is { } folder && !Directory.Exists(folder)) throw RemoteException.Invalid($"there is no folder {folder} on the service's machine");
        return this;
    }

    public override string ToString() => Address;

    [GeneratedRegex(@"^(?<scheme>https?)://(?:(?<user>[^/@]*)@)?(?<host>[A-Za-z0-9\[][^/@\s]*)(/|$)", RegexOptions.IgnoreCase)]
    private static partial Regex Http();

    [GeneratedRegex(
        @"^(ssh://([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9_\[][\w.:\]-]*/|([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9_][\w.-]*:(?!//))(?!-)\S+$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Ssh();
}

internal sealed record GitLogin(string Scheme, string Host, string User, string Password);
