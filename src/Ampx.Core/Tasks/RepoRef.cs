using System.Globalization;
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
    /// Understands <c>owner/name</c>, <c>https://</c>, <c>ssh://</c>, <c>git@host:owner/name.git</c> and absolute paths,
    /// also as <c>host/owner/name</c> (as gh does) and <c>file:///path</c>.
    /// Anything on <paramref name="webUrl"/>'s host is GitHub; other remotes are plain git.
    /// </summary>
    /// <returns>Null with the reason in <paramref name="why"/> if it is none of them.</returns>
    public static RepoRef? Parse(string text, Uri webUrl, out string? why)
    {
        why = null;
        text = text.Trim();
        if (text.Length == 0) return No("the repository is empty", out why);
        if (text.Length > 1024 || text.Any(IsInvisible)) return No("a repository is at most 1024 characters without control characters", out why);
        if (text[0] == '-') return No($"'{text}' begins like an option", out why);
        if (Secret().IsMatch(text)) return No("a password or token in the URL would be stored with the task: take it out", out why);
        if (text[0] == '/') return AtPath(text, out why);
        if (Helper().IsMatch(text)) return No("git's remote helpers ('name::…') are not used: give owner/name, an https or ssh URL, or an absolute path", out why);
        if (ShortForm().Match(text) is { Success: true } brief) return OnForge(webUrl, brief, out why);
        if (text.StartsWith($"{webUrl.Authority}/", StringComparison.OrdinalIgnoreCase)) return OnForge(webUrl, InPath(text[webUrl.Authority.Length..], webUrl), out why);
        if (ScpForm().Match(text) is { Success: true } scp)
        {
            return IsForge(scp.Groups["host"].Value, webUrl)
                ? OnForge(webUrl, ShortForm().Match(scp.Groups["path"].Value.Trim('/')), out why)
                : new(ForgeKind.Git, text, scp.Groups["host"].Value.ToLowerInvariant(), "", NameIn(scp.Groups["path"].Value));
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
            return No($"'{text}' is no repository: give owner/name, an https or ssh URL, or an absolute path", out why);
        if (uri.Scheme == Uri.UriSchemeFile)
            return uri.Host.Length == 0 ? AtPath(uri.LocalPath, out why) : No($"'{text}' names another machine: give an https or ssh URL, or an absolute path", out why);
        if (uri.Scheme is not ("https" or "http" or "ssh")) return No($"'{uri.Scheme}:' is not a transport that Ampx uses: give https, ssh or a path", out why);
        if (uri.Host.StartsWith('-') || uri.UserInfo.StartsWith('-')) return No($"'{text}' holds what ssh would read as an option", out why);
        if (IsForge(uri.Host, webUrl) && (uri.Scheme == "ssh" || uri.Port == webUrl.Port || uri.IsDefaultPort))
            return OnForge(webUrl, uri.Scheme == "ssh" ? ShortForm().Match(uri.AbsolutePath.Trim('/')) : InPath(uri.AbsolutePath, webUrl), out why);
        return NameIn(uri.AbsolutePath) is { Length: > 0 } name
            ? new(ForgeKind.Git, text, uri.Host.ToLowerInvariant(), "", name)
            : No($"'{text}' names no repository", out why);
    }

    private static RepoRef? AtPath(string text, out string? why)
    {
        why = null;
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(text));
        if (Path.GetFileName(path) == ".git") path = Path.GetDirectoryName(path)!;
        return path == "/" ? No("'/' is no repository", out why) : new(ForgeKind.Git, path, "", "", NameIn(path));
    }

    private static RepoRef? OnForge(Uri webUrl, Match path, out string? why)
    {
        why = null;
        if (!path.Success) return No($"a repository on {webUrl.Host} is owner/name", out why);
        var (owner, name) = (path.Groups["owner"].Value, path.Groups["name"].Value);
        if (name is "." or ".." or ".git" || owner is "." or "..") return No($"'{owner}/{name}' is no repository: give owner/name, a URL, or an absolute path", out why);
        return new(ForgeKind.GitHub, $"{webUrl.GetLeftPart(UriPartial.Authority)}{BasePath(webUrl)}/{owner}/{name}.git", webUrl.Host.ToLowerInvariant(), owner, name);
    }

    /// <summary>The path that an Enterprise server behind a proxy lives under, without a slash at its end.</summary>
    private static string BasePath(Uri webUrl) => webUrl.AbsolutePath.TrimEnd('/');

    private static Match InPath(string path, Uri webUrl) =>
        ShortForm().Match((path.StartsWith($"{BasePath(webUrl)}/", StringComparison.OrdinalIgnoreCase) ? path[BasePath(webUrl).Length..] : path).Trim('/'));

    /// <summary>Control characters, and those that make text look like other text.</summary>
    private static bool IsInvisible(char c) =>
        char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>ssh.github.com is GitHub's ssh on port 443.</summary>
    private static bool IsForge(string host, Uri webUrl) =>
        new[] { webUrl.Host, $"www.{webUrl.Host}", $"ssh.{webUrl.Host}" }.Contains(host, StringComparer.OrdinalIgnoreCase);

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

    [GeneratedRegex(@"^[A-Za-z0-9_.-]+@(?<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?<path>[^:-][^:]*)$")]
    private static partial Regex ScpForm();

    /// <summary>A user name with a password, or one that is a token of GitHub's or GitLab's.</summary>
    [GeneratedRegex(@"^[^/]+://([^/?#]*:[^/?#]*@|(gh[a-z]_|github_pat_|glpat-)[^/?#]*@)")]
    private static partial Regex Secret();

    [GeneratedRegex(@"^[A-Za-z0-9+.-]+::")]
    private static partial Regex Helper();
}
