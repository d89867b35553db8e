using System.Runtime.InteropServices;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>Why the child did not start; codes as a shell's.</summary>
internal sealed record StartError(int Code, string Text);

/// <summary>
/// The started command. By posix_spawn, not System.Diagnostics.Process: that one would reap children by itself, beside the subreaper's waitpid.
/// </summary>
internal sealed partial record Child(int Pid, int Stdout, int Stderr)
{
    private const short SetGroup = 0x02, SetSignalDefaults = 0x04, SetSignalMask = 0x08;

    public static unsafe (Child?, StartError?) Start(RunSpec spec, string stdin)
    {
        if (!Directory.Exists(spec.WorkingDirectory))
            return (null, new StartError(1, $"the working directory {spec.WorkingDirectory} is not there"));
        var path = Resolve(spec);
        if (path is null)
            return (null, new StartError(127, $"{spec.Command}: command not found"));

        var variables = spec.Environment.Where(v => v.Key != RunFiles.Variable).Select(v => $"{v.Key}={v.Value}").Append($"{RunFiles.Variable}={spec.RunId}");
        var pipes = stackalloc int[4];
        _ = pipe2(pipes, Native.O_CLOEXEC);
        _ = pipe2(pipes + 2, Native.O_CLOEXEC);
        // A plain file as stdin: it ends by itself, and no thread has to feed it. No file: nothing to read.
        var input = Native.Open(File.Exists(stdin) ? stdin : "/dev/null", Native.O_RDONLY);

        // Sizes differ between C libraries and grow; 1 KiB is several times the largest.
        byte* actions = stackalloc byte[1024], attributes = stackalloc byte[1024], signals = stackalloc byte[128];
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawn_file_actions_addchdir_np(actions, spec.WorkingDirectory);
        _ = posix_spawn_file_actions_adddup2(actions, input, 0);
        _ = posix_spawn_file_actions_adddup2(actions, pipes[1], 1);
        _ = posix_spawn_file_actions_adddup2(actions, pipes[3], 2);
        _ = posix_spawnattr_init(attributes);
        // .NET ignores SIGPIPE, and we SIGINT and SIGHUP: a child would inherit that.
        _ = sigfillset(signals);
        _ = posix_spawnattr_setsigdefault(attributes, signals);
        _ = sigemptyset(signals);
        _ = posix_spawnattr_setsigmask(attributes, signals);
        _ = posix_spawnattr_setflags(attributes, SetGroup | SetSignalDefaults | SetSignalMask);

        using var argv = new Strings([spec.Command, .. spec.Arguments]);
        using var envp = new Strings(variables);
        var error = posix_spawn(out var pid, path, actions, attributes, argv.Pointer, envp.Pointer);

        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
        foreach (var fd in (int[])[input, pipes[1], pipes[3]])
            _ = Native.close(fd);
        return error == 0
            ? (new Child(pid, pipes[0], pipes[2]), null)
            : (null, new StartError(error == Native.ENOENT ? 127 : 126, $"{path}: {Native.Error(error)}"));
    }

    /// <summary>In the PATH that the child will see, not in ours.</summary>
    private static string? Resolve(RunSpec spec)
    {
        if (spec.Command.Contains('/'))
            return Path.GetFullPath(spec.Command, spec.WorkingDirectory) is var full && File.Exists(full) ? full : null;
        return spec.Environment.GetValueOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.GetFullPath(Path.Combine(folder, spec.Command), spec.WorkingDirectory))
            .FirstOrDefault(file => File.Exists(file) && (File.GetUnixFileMode(file) & AnyExecute) != 0);
    }

    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>A null-terminated array of C strings.</summary>
    private sealed unsafe class Strings : IDisposable
    {
        private readonly int _count;
        public byte** Pointer { get; }

        public Strings(IEnumerable<string> texts)
        {
            string[] all = [.. texts];
            _count = all.Length;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(all[i]);
        }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            NativeMemory.Free(Pointer);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int pipe2(int* fds, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn(out int pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn_file_actions_addchdir_np(byte* actions, string path);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigdefault(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static unsafe partial int sigfillset(byte* set);

    [LibraryImport("libc")]
    private static unsafe partial int sigemptyset(byte* set);
}
