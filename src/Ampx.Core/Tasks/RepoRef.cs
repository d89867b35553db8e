using System.Text.RegularExpressions;

namespace Ampx.Core.Tasks;

/// <summary>A repository as a user may write it, understood.</summary>
/// <param name="Kind">Who judges it.</param>
/// <param name="Url">What git is given: an absolute path, or a URL. For GitHub always https.</param>
/// <param name="Host">Lower case; empty for a path.</param>
/// <param name="Owner">GitHub's owner; empty for a plain git remote.</param>
/// <param name="Name">GitHub's name, or the last part of the path.</param>
public sealed partial record RepoRef(ForgeKind Kind, string Url, string Host, string Owner, string Name)
{
    /// <summary>One repository, one key, however it was written.</summary>
    public string Key => Kind is ForgeKind.GitHub ? $"{Host}/{Owner}/{Name}".ToLowerInvariant() : Url;

    /// <summary>
    /// Understands <c>owner/name</c>, <c>https://</c>, <c>ssh://</c>, <c>git@host:owner/name.git</c> and absolute paths.
    /// Anything on <paramref name="webUrl"/>'s host is GitHub; other remotes are plain git.
    /// </summary>
    /// <returns>Null with the reason in <paramref name="why"/> if it is none of them.</returns>
    public static RepoRef? Parse(string text, Uri webUrl, out string? why)
    {
        why = null;
        text = text.Trim();
        if (text.Length == 0) return No("the repository is empty", out why);
        if (text.Length > 1024 || text.Any(char.IsControl)) return No("a repository is at most 1024 characters without control characters", out why);
        if (text[0] == '-') return No($"'{text}' begins like an option", out why);
        if (text[0] == '/') return new(ForgeKind.Git, Path.TrimEndingDirectorySeparator(Path.GetFullPath(text)), "", "", Path.GetFileName(Path.TrimEndingDirectorySeparator(text)));
        if (ShortForm().Match(text) is { Success: true } brief) return OnHost(webUrl, webUrl.Host, brief, out why);
        if (ScpForm().Match(text) is { Success: true } scp)
        {
            return IsForge(scp.Groups["host"].Value, webUrl)
                ? OnHost(webUrl, webUrl.Host, ShortForm().Match(scp.Groups["path"].Value.TrimStart('/')), out why)
                : new(ForgeKind.Git, text, scp.Groups["host"].Value.ToLowerInvariant(), "", NameIn(scp.Groups["path"].Value));
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || text.Contains("::", StringComparison.Ordinal))
            return No($"'{text}' is no repository: give owner/name, an https or ssh URL, or an absolute path", out why);
        if (uri.Scheme == Uri.UriSchemeFile) return Parse(uri.LocalPath, webUrl, out why);
        if (uri.Scheme is not ("https" or "http" or "ssh")) return No($"'{uri.Scheme}:' is not a transport that Ampx uses: give https, ssh or a path", out why);
        if (uri.UserInfo.Contains(':', StringComparison.Ordinal)) return No("a password in the URL would be stored with the task: take it out", out why);
        if (uri.Host.StartsWith('-')) return No($"'{uri.Host}' begins like an option", out why);
        if (IsForge(uri.Host, webUrl) && (uri.Scheme == "ssh" || uri.Port == webUrl.Port || uri.IsDefaultPort))
            return OnHost(webUrl, uri.Host, ShortForm().Match(uri.AbsolutePath.Trim('/')), out why);
        return new(ForgeKind.Git, text, uri.Host.ToLowerInvariant(), "", NameIn(uri.AbsolutePath));
    }

    private static RepoRef? OnHost(Uri webUrl, string host, Match path, out string? why)
    {
        if (!path.Success) return No($"a repository on {host} is owner/name", out why);
        why = null;
        var (owner, name) = (path.Groups["owner"].Value, path.Groups["name"].Value);
        if (name is "." or ".." || owner is "." or "..") return No($"'{owner}/{name}' is no repository", out why);
        return new(ForgeKind.GitHub, new Uri(webUrl, $"{owner}/{name}.git").ToString(), webUrl.Host.ToLowerInvariant(), owner, name);
    }

    private static bool IsForge(string host, Uri webUrl) =>
        host.Equals(webUrl.Host, StringComparison.OrdinalIgnoreCase) || host.Equals($"www.{webUrl.Host}", StringComparison.OrdinalIgnoreCase);

    private static string NameIn(string path)
    {
        var name = path.TrimEnd('/').Split('/')[^1];
        return name.EndsWith(".git", StringComparison.Ordinal) ? name[..^4] : name;
    }

    private static RepoRef? No(string reason, out string? why)
    {
        why = reason;
        return null;
    }

    [GeneratedRegex(@"^(?<owner>[A-Za-z0-9_.][A-Za-z0-9_.-]*)/(?<name>[A-Za-z0-9_.][A-Za-z0-9_.-]*?)(\.git)?$")]
    private static partial Regex ShortForm();

    [GeneratedRegex(@"^[A-Za-z0-9_.-]+@(?<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?<path>[^:]+)$")]
    private static partial Regex ScpForm();
}
