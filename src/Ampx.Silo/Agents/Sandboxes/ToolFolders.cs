namespace Ampx.Silo.Agents.Sandboxes;

/// <summary>Where this machine keeps what builds need: the system, and the tools that its user has installed.</summary>
internal static class ToolFolders
{
    private static readonly string[] Root = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/snap", "/gnu", "/sys", "/var/lib/ca-certificates", "/var/lib/dpkg"];

    /// <summary>What a tool manager has below a home. Only what it runs: caches beside that stay the run's own, and can be written.</summary>
    private static readonly string[] Managers =
    [
        ".nvm", ".fnm", ".volta", ".pyenv", ".rbenv", ".asdf", ".sdkman", ".jbang", ".ghcup/bin", ".rustup", ".cargo/bin", ".dotnet/sdk", ".dotnet/shared", ".dotnet/host", ".dotnet/packs", ".dotnet/dotnet", ".bun/bin",
        ".deno/bin", ".linuxbrew", ".local/bin", ".local/lib", ".local/share/mise", ".local/share/fnm", ".local/share/uv", ".local/share/pnpm", ".local/share/pipx", ".local/pipx", "go/bin", "sdk",
    ];

    /// <summary>Keys and passwords in the folders of the system that root alone may read, in case that's who we are.</summary>
    private static readonly string[] Locked = ["/etc/ampx", "/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-", "/etc/ssl/private", "/etc/ssh", "/etc/sudoers.d"];

    public static Bubblewrap ShowSystem(this Bubblewrap box)
    {
        foreach (var path in Root)
        {
            if (new FileInfo(path).LinkTarget is { } target) box.Link(path, target);
            else box.Show(path);
        }

        foreach (var path in Locked) box.Cover(path);
        // Where names are resolved is often kept in /run, which is not shown.
        return File.ResolveLinkTarget("/etc/resolv.conf", returnFinalTarget: true) is { Exists: true } names && !names.FullName.StartsWith("/etc/", StringComparison.Ordinal) ? box.Show(names.FullName) : box;
    }

    /// <summary>The tools of a home's user and of a PATH. A <c>lib</c> beside a <c>bin</c> belongs to it.</summary>
    public static IEnumerable<string> Of(string home, string path)
    {
        foreach (var manager in Managers) yield return Path.Combine(home, manager);
        foreach (var entry in path.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted))
        {
            yield return entry;
            if (Path.GetFileName(entry.TrimEnd('/')) == "bin" && Path.GetDirectoryName(entry.TrimEnd('/')) is { } parent) yield return Path.Combine(parent, "lib");
        }
    }

    /// <summary>The folder of a program, and where it really lies if its path is a link.</summary>
    public static IEnumerable<string> OfProgram(string program)
    {
        if (!File.Exists(program)) yield break;
        yield return Path.GetDirectoryName(Path.GetFullPath(program))!;
        if (File.ResolveLinkTarget(program, returnFinalTarget: true) is { Exists: true } real) yield return Path.GetDirectoryName(real.FullName)!;
    }

    /// <summary>Part of what is shown anyway.</summary>
    public static bool IsSystem(string path) => Root.Any(folder => IsWithin(path, folder));

    /// <summary><paramref name="path"/> is the folder or lies below it.</summary>
    public static bool IsWithin(string path, string folder) => path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);
}
