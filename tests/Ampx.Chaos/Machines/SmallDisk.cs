namespace Ampx.Chaos.Machines;

/// <summary>A data folder that is a disk of its own, so that it can be full; for root only.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string folder;

    private SmallDisk(string folder) => this.folder = folder;

    private string Ballast => Path.Combine(folder, "ballast");

    /// <summary>Null where this user may not mount.</summary>
    public static async Task<SmallDisk?> Mount(string folder)
    {
        Directory.CreateDirectory(folder);
        return (await Shell.Run("mount", "-t", "tmpfs", "-o", "size=400m,mode=0700", "tmpfs", folder)).Code == 0 ? new(folder) : null;
    }

    public async Task Fill()
    {
        await using var file = File.Create(Ballast, 1);
        var piece = new byte[256 << 10];
        try
        {
            while (true) await file.WriteAsync(piece);
        }
        catch (IOException)
        {
            // full, as wanted
        }
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync() => await Shell.Run("umount", "--lazy", folder);
}
