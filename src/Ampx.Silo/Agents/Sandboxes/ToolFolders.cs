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
    private static readonly string[] Locked = ["/etc/ampx", "/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-", "/etc/ssl/private", "/etc/sudoers.d"];

    /// <summary>Beside them lie the settings of ssh as a client, which git needs.</summary>
    private static string[] HostKeys() => Directory.Exists("/etc/ssh") ? Directory.GetFiles("/etc/ssh", "ssh_host_*_key") : [];

    public static Bubblewrap ShowSystem(this Bubblewrap box)
    {
        foreach (var path in Root)
        {
            if (new FileInfo(path).LinkTarget is { } target) box.Link(path, target);
            else box.Show(path);
        }

        foreach (var path in (string[])[.. Locked, .. HostKeys()]) box.Cover(path);
        // Where names are resolved is often kept in /run, which is not shown.
        return File.ResolveLinkTarget("/etc/resolv.conf", returnFinalTarget: true) is { Exists: true } names && !names.FullName.StartsWith("/etc/", StringComparison.Ordinal) ? box.Show(names.FullName) : box;
    }

    /// <summary>The tools of a home's user and of a PATH.</summary>
    public static IEnumerable<string> Of(string home, string path) =>
        [.. Managers.Select(manager => Path.Combine(home, manager)), .. path.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted).Select(entry => entry.TrimEnd('/')).SelectMany(WithLibrary)];

    /// <summary>A program, and where it really lies if its path is a link. What lies beside it is nobody's business, unless that is a <c>bin</c>.</summary>
    public static IEnumerable<string> OfProgram(string program) => !File.Exists(program) ? [] :
        ((string?[])[program, File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName]).OfType<string>()
            .SelectMany(file => Path.GetDirectoryName(file) is { } folder && Path.GetFileName(folder) == "bin" ? WithLibrary(folder) : [file]);

    /// <summary>A <c>lib</c> beside a <c>bin</c> belongs to it.</summary>
    private static IEnumerable<string> WithLibrary(string folder) =>
        Path.GetFileName(folder) == "bin" && Path.GetDirectoryName(folder) is { } parent ? [folder, Path.Combine(parent, "lib")] : [folder];

    /// <summary>Part of what is shown anyway.</summary>
    public static bool IsSystem(string path) => Root.Any(folder => IsWithin(path, folder));

    /// <summary><paramref name="path"/> is the folder or lies below it.</summary>
    public static bool IsWithin(string path, string folder) => path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);
}
