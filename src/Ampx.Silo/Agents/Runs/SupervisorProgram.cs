using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Ampx.Silo.Agents.Runs;

/// <summary>
/// The supervisor's files, copied to <c>bin/supervisor-HASH</c> in the data folder: an upgrade or a rebuild replaces the program's own files,
/// and a supervisor that runs for another hour must not feel it.
/// </summary>
public sealed class SupervisorProgram
{
    private const string Name = "ampx-supervisor";
    private readonly Lazy<string> _path;

    /// <param name="dataDirectory">The service's data folder.</param>
    /// <param name="source">The folder with the files; <c>supervisor/</c> beside the program if not given.</param>
    public SupervisorProgram(string dataDirectory, string? source = null)
    {
        var from = source ?? System.IO.Path.Combine(AppContext.BaseDirectory, "supervisor");
        _path = new Lazy<string>(() => Install(from, System.IO.Path.Combine(dataDirectory, "bin")));
    }

    public string Path => _path.Value;

    /// <summary>
    /// Starts it so that it outlives this process. Not through CliWrap, which waits for its processes, holds their pipes and kills them when
    /// cancelled. Nothing is inherited: the pipes made here are closed at once (the supervisor puts /dev/null in their place), its
    /// environment is a handful of names, and it closes whatever else came along and leaves our session by itself.
    /// As our child it is reaped by us; when we die, by init.
    /// </summary>
    public Process Start(string runFolder)
    {
        var start = new ProcessStartInfo(Path)
        {
            ArgumentList = { runFolder },
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin";
        // Only the framework-dependent build needs these. The runtime that we run on will do for it.
        start.Environment["DOTNET_ROOT"] = System.IO.Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var process = Process.Start(start)!;
        process.StandardInput.Dispose();
        process.StandardOutput.Dispose();
        process.StandardError.Dispose();
        return process;
    }

    private static string Install(string from, string bin)
    {
        var program = System.IO.Path.Combine(from, Name);
        if (!File.Exists(program))
            throw new FileNotFoundException($"The supervisor is missing: {program}. Build or install Ampx again.", program);

        string[] files = [.. Directory.GetFiles(from).Order(StringComparer.Ordinal)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
            hash.AppendData(File.ReadAllBytes(file));
        var home = System.IO.Path.Combine(bin, $"supervisor-{Convert.ToHexStringLower(hash.GetHashAndReset())[..12]}");
        var installed = System.IO.Path.Combine(home, Name);
        if (File.Exists(installed))
            return installed;

        Directory.CreateDirectory(bin);
        var draft = Directory.CreateDirectory($"{home}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp").FullName;
        foreach (var file in files)
            File.Copy(file, System.IO.Path.Combine(draft, System.IO.Path.GetFileName(file)));
        // A package keeps no modes: what NuGet unpacks is no program until somebody says so.
        var copied = System.IO.Path.Combine(draft, Name);
        File.SetUnixFileMode(copied, File.GetUnixFileMode(copied) | UnixFileMode.UserExecute);
        try
        {
            Directory.Move(draft, home);
        }
        catch (IOException) when (File.Exists(installed))
        {
            Directory.Delete(draft, recursive: true); // another process was faster
        }
        return installed;
    }
}
