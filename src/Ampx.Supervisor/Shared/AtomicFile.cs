using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Ampx.Runs;

/// <summary>Files that are either wholly there or not at all, also after a power cut.</summary>
internal static class AtomicFile
{
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type) => Write(path, JsonSerializer.SerializeToUtf8Bytes(value, type));

    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var draft = $"{path}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.tmp";
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (var file = new FileStream(draft, options))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }
            File.Move(draft, path, overwrite: true);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
        // The rename itself is safe only once the folder is on disk.
        var folder = Native.Open(Path.GetDirectoryName(path)!, Native.O_RDONLY);
        _ = Native.fsync(folder);
        _ = Native.close(folder);
    }

    /// <summary>The file's content, or null if it isn't there.</summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
