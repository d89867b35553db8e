using System.Diagnostics;

namespace Ampx.Tests.EndToEnd;

/// <summary>A folder that is a disk of its own, for as long as a test runs.</summary>
internal sealed class Mount : IAsyncDisposable
{
    private readonly string folder;

    private Mount(string folder) => this.folder = folder;

    /// <summary>An empty disk, with options of <c>mount</c> after its size: <c>1m,ro</c>. Null where this user may not mount.</summary>
    public static async Task<Mount?> Tmpfs(string folder, string options) =>
        OperatingSystem.IsLinux() && await Run("mount", "-t", "tmpfs", "-o", $"size={options}", "tmpfs", folder) == 0 ? new Mount(folder) : null;

    /// <summary>What is in the folder can't be changed any more. Null where this user may not mount.</summary>
    public static async Task<Mount?> ReadOnly(string folder)
    {
        if (!OperatingSystem.IsLinux() || await Run("mount", "--bind", folder, folder) != 0) return null;
        var mount = new Mount(folder);
        if (await Run("mount", "-o", "remount,ro,bind", folder) == 0) return mount;
        await mount.DisposeAsync();
        return null;
    }

    // Lazily: the service may still be ending, and the stage removes the folder after it.
    public async ValueTask DisposeAsync() => await Run("umount", "--lazy", folder);

    private static async Task<int> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
