using Ampx.Core;
using Ampx.Silo.Admin;

namespace Ampx.Silo.Hosting;

/// <summary>The service's own folder: one service at a time, readable by its user alone.</summary>
public sealed class DataFolder : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>EWOULDBLOCK: what .NET gives an <see cref="IOException"/> whose file another process has locked.</summary>
    private const int Held = 11;

    private readonly FileStream held;

    private DataFolder(string path, FileStream held)
    {
        Path = path;
        this.held = held;
        WorkerId = Remembered("worker-id", () => $"worker-{Ulid.NewUlid().ToString()[^8..].ToLowerInvariant()}");
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>This machine's worker: the same after a restart.</summary>
    public string WorkerId { get; }

    public string TokenFile => In("token");

    /// <summary>A path inside.</summary>
    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Makes the folder where it is missing and takes hold of it for as long as the process lives.</summary>
    /// <exception cref="StartException">It can't be written, or another service has it.</exception>
    public static DataFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            // Somebody's home, or /tmp, mistaken for ours would be closed to all others below.
            if (Directory.Exists(path) && !IsOursOrEmpty(path)) throw new StartException($"{path} holds other things than Ampx's data: give an empty or a new folder with --data");
            Directory.CreateDirectory(path, Private);
            File.SetUnixFileMode(path, Private);
            // FileShare.None is an flock: the kernel drops it with the process, however that ends.
            var held = new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // One that was killed goes on before anything is read that it changes.
            RestoreSteps.Finish(path);
            return new DataFolder(path, held);
        }
        catch (Exception denied) when (denied is UnauthorizedAccessException or IOException)
        {
            var other = ServiceFile.Read(path);
            if (denied is IOException && other is { IsAlive: true })
                throw new StartException($"{path} is in use by the service at {other.Url} (pid {other.Pid}): stop it with 'ampx down --data {path}', or give another folder with --data");
            if (denied.HResult == Held)
                throw new StartException($"{path} is in use by another service that is just starting or ending: wait a moment, or give another folder with --data");
            throw new StartException($"can't use the data folder {path}: {denied.Message} Give another one with --data or Ampx__DataDirectory.", denied);
        }
    }

    private static bool IsOursOrEmpty(string path) =>
        File.Exists(System.IO.Path.Combine(path, "worker-id")) || File.Exists(System.IO.Path.Combine(path, "lock")) || File.Exists(System.IO.Path.Combine(path, "ampx.db"))
        || Directory.EnumerateFileSystemEntries(path).Select(System.IO.Path.GetFileName).All(name => name![0] == '.' || name.StartsWith("service.log", StringComparison.Ordinal) || name == "lost+found");

    public void Dispose() => held.Dispose();

    private string Remembered(string name, Func<string> make)
    {
        var file = In(name);
        if (File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } known) return known;
        var made = make();
        File.WriteAllText(file + ".new", made);
        File.Move(file + ".new", file, overwrite: true);
        return made;
    }
}
