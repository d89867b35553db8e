using System.Text.Json;

namespace Ampx.FakeAgent;

/// <summary>A thread: a file below FAKE_AMP_HOME/threads with a line for each run.</summary>
internal sealed class ThreadFile(string id)
{
    public static string Home { get; } = Directory.CreateDirectory(Environment.GetEnvironmentVariable("FAKE_AMP_HOME") is { Length: > 0 } home ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".fake-amp")).FullName;

    private static string Folder { get; } = Directory.CreateDirectory(Path.Combine(Home, "threads")).FullName;

    public string Id { get; } = id;

    public static ThreadFile Create()
    {
        var thread = new ThreadFile($"T-{Guid.NewGuid()}");
        File.WriteAllText(thread.PathOf("jsonl"), "");
        return thread;
    }

    public static ThreadFile? Find(string id) => File.Exists(new ThreadFile(id).PathOf("jsonl")) ? new ThreadFile(id) : null;

    /// <summary>Null if another process executes this thread.</summary>
    public FileStream? TakeExecutor()
    {
        try
        {
            return new FileStream(PathOf("lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The number of this run, from 1.</summary>
    public int Record(string prompt, string[] arguments)
    {
        var run = File.ReadAllLines(PathOf("jsonl")).Length + 1;
        File.AppendAllText(PathOf("jsonl"), JsonSerializer.Serialize(new
        {
            run,
            thread = Id,
            pid = Environment.ProcessId,
            cwd = Environment.CurrentDirectory,
            prompt,
            arguments,
            environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().Order(StringComparer.Ordinal),
        }) + "\n");
        return run;
    }

    private string PathOf(string ending) => Path.Combine(Folder, $"{Id}.{ending}");
}
