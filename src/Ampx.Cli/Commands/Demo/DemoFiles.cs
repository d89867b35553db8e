using System.Diagnostics;
using System.Reflection;

namespace Ampx.Cli.Commands.Demo;

/// <summary>The demo's throw-away folder: a bare git repository with a failing test in it, the service's data, and later nothing.</summary>
internal sealed class DemoFiles : IDisposable
{
    private const string Prefix = "demo/repository/";
    private readonly bool _keep;

    private DemoFiles(string folder, bool keep)
    {
        Folder = folder;
        _keep = keep;
    }

    public string Folder { get; }
    public string Repository => Path.Combine(Folder, "roman.git");
    public string Data => Path.Combine(Folder, "data");

    /// <summary>The scripted agent's whole text.</summary>
    public static string AgentScript { get; } = Read("demo/agent.sh");

    /// <summary>Makes the folder, commits the embedded files and pushes them to a bare repository.</summary>
    public static async Task<DemoFiles> Create(bool keep, CancellationToken cancel)
    {
        var files = new DemoFiles(Directory.CreateTempSubdirectory("ampx-demo-").FullName, keep);
        var checkout = Path.Combine(files.Folder, "first-commit");
        Directory.CreateDirectory(checkout);
        WriteRepository(checkout);
        await Git(files.Folder, cancel, "init", "--quiet", "--bare", "--initial-branch=main", files.Repository);
        await Git(checkout, cancel, "init", "--quiet", "--initial-branch=main");
        await Git(checkout, cancel, "add", "--all");
        await Git(checkout, cancel, "-c", "user.name=Demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message=A test first");
        await Git(checkout, cancel, "push", "--quiet", files.Repository, "main");
        return files;
    }

    /// <summary>Puts the repository's files into <paramref name="folder"/>.</summary>
    public static void WriteRepository(string folder)
    {
        foreach (var name in Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
            File.WriteAllText(Path.Combine(folder, name[Prefix.Length..]), Read(name));
    }

    /// <summary>What the repository's test says as it stands at the beginning: the last line of <c>sh test.sh</c>.</summary>
    public async Task<string> FirstTest(CancellationToken cancel)
    {
        var (exit, output) = await Run("sh", Path.Combine(Folder, "first-commit"), cancel, "test.sh");
        return $"exit {exit}: {output.TrimEnd().Split('\n')[^1]}";
    }

    /// <summary>Git's answer; a failure says what git said.</summary>
    public static async Task<string> Git(string folder, CancellationToken cancel, params string[] arguments)
    {
        var (exit, output) = await Run("git", folder, cancel, arguments);
        return exit == 0 ? output.TrimEnd() : throw CliError.Failed($"git {arguments[0]} failed in the demo's folder: {output.Trim()}");
    }

    public void Dispose()
    {
        if (_keep) return;
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Output.Terminal.Say($"{Folder} could not be removed: {e.Message}");
        }
    }

    private static async Task<(int Exit, string Output)> Run(string program, string folder, CancellationToken cancel, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // The demo's repository is the demo's affair: no templates, hooks or signing of the user's.
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(cancel);
            var output = await process.StandardOutput.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return (process.ExitCode, process.ExitCode == 0 ? output : output + await errors);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw CliError.Failed($"The demo needs '{program}', which is not installed.", "Install it and try again.");
        }
    }

    private static string Read(string name)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
