using System.Security.Cryptography;
using System.Text;

namespace Ampx.Silo.Git;

/// <summary>Where git's things lie in the data folder.</summary>
public sealed class GitFolders(string dataDirectory)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly Lock gate = new();
    private string? askpass;

    public string Mirrors { get; } = Path.Combine(dataDirectory, "mirrors");

    public string Workspaces { get; } = Path.Combine(dataDirectory, "workspaces");

    public string Temporary { get; } = Path.Combine(dataDirectory, "tmp");

    public string Mirror(GitRemote remote) => Path.Combine(Mirrors, Slug(remote.Address) + ".git");

    /// <summary>A name that people recognise and that no two texts share.</summary>
    internal static string Slug(string text)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];
        var readable = new string([.. text.Split("://").Last().Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' ? char.ToLowerInvariant(c) : '-')]);
        return $"{(readable.Length > 40 ? readable[^40..] : readable).Trim('-', '.')}-{hash}".TrimStart('-');
    }

    /// <summary>A new empty folder for a moment's work.</summary>
    internal string NewTemporary()
    {
        var folder = Path.Combine(Temporary, "git-" + Guid.NewGuid().ToString("N"));
        Create(folder);
        return folder;
    }

    /// <summary>What crashed work has left.</summary>
    public void RemoveTemporary(DateTimeOffset before)
    {
        if (!Directory.Exists(Temporary)) return;
        foreach (var folder in Directory.EnumerateDirectories(Temporary).Where(folder => Directory.GetLastWriteTimeUtc(folder) < before.UtcDateTime).ToList())
            DiskFolder.Delete(folder);
    }

    internal static void Create(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, Private);
    }

    /// <summary>The program git asks for user and password. It answers for one scheme and host only, so that a redirect can't carry the
    /// token elsewhere; the secret itself is in that one git's environment.</summary>
    internal string Askpass
    {
        get
        {
            lock (gate) return askpass ??= WriteAskpass();
        }
    }

    private string WriteAskpass()
    {
        const string Script = """
            #!/bin/sh
            case "$1" in
            "Username for '$AMPX_GIT_SCHEME://$AMPX_GIT_HOST'"*) printf '%s\n' "$AMPX_GIT_USER" ;;
            "Password for '$AMPX_GIT_SCHEME://"*"@$AMPX_GIT_HOST'"*) printf '%s\n' "$AMPX_GIT_PASSWORD" ;;
            *) exit 1 ;;
            esac

            """;
        var folder = Path.Combine(dataDirectory, "bin");
        Create(folder);
        var path = Path.Combine(folder, "git-askpass");
        var fresh = path + "." + Guid.NewGuid().ToString("N");
        File.WriteAllText(fresh, Script.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(fresh, Private);
        File.Move(fresh, path, overwrite: true);
        return path;
    }
}
