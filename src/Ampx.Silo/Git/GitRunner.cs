using System.Buffers;
using System.Diagnostics;
using System.Text;
using Ampx.Silo.Agents.Sandboxes;
using Ampx.Silo.Telemetry;
using CliWrap;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Git;

/// <summary>Runs git as a process. Cancelling interrupts it first, so that it removes its locks, and kills it two seconds later:
/// an aborted task is free within five.</summary>
public sealed partial class GitRunner(GitFolders folders, IOptions<GitOptions> options, TimeProvider time, ILogger<GitRunner> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly string[] LoginRefused = ["Authentication failed for", "returned error: 401", "HTTP 401"];

    /// <summary>Runs it; an exit code other than 0 throws.</summary>
    /// <exception cref="GitException">git failed, ran out of time or took too much.</exception>
    public async Task<GitResult> Run(GitCommand command, CancellationToken cancel = default)
    {
        var result = await Try(command, cancel);
        return result.Ok ? result : throw Failure(command, result.ExitCode, result.Errors);
    }

    /// <summary>Runs it; the exit code is for the caller to judge. With a token that the remote doesn't accept any more it runs once more, with a fresh one.</summary>
    /// <exception cref="GitException">git ran out of time, or could not be started.</exception>
    public async Task<GitResult> Try(GitCommand command, CancellationToken cancel = default)
    {
        var result = await Once(command, cancel);
        if (result.Ok || command.Remote is not { Login: not null, Renew: { } renew } remote || !IsLoginRefused(result.Errors)) return result;
        LogRefused(command);
        return await renew(remote, cancel) is { } fresh ? await Once(command with { Remote = fresh }, cancel) : result;
    }

    private async Task<GitResult> Once(GitCommand command, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var limit = new CancellationTokenSource(command.TimeLimit, time);
        using var enough = new CancellationTokenSource();
        using var over = new CancellationTokenSource();
        using var polite = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token, enough.Token);
        using var firm = new CancellationTokenSource();
        using var escalation = polite.Token.Register(() => firm.CancelAfter(Patience));
        var output = new Kept(command.MaxOutput);
        var errors = new Kept(1 << 20);
        var began = Stopwatch.GetTimestamp();
        using var span = Traces.Part($"git {command.Name}");
        var growth = new GitGrowth(command.Fills, options.Value, time);
        var watch = Task.CompletedTask;
        try
        {
            var (program, arguments) = Call(command);
            var running = Cli.Wrap(program)
                .WithArguments(arguments)
                .WithWorkingDirectory(command.WorkTree ?? command.Folder ?? command.GitDir ?? "/")
                .WithEnvironmentVariables(GitEnvironment.For(command, folders))
                .WithStandardInputPipe(command.Input is { } text ? PipeSource.FromString(text, Encoding.UTF8) : PipeSource.Null)
                .WithStandardOutputPipe(output.Target)
                .WithStandardErrorPipe(command.Progress is { } told ? GitProgress.Target(told, errors.Write) : errors.Target)
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(firm.Token, polite.Token);
            watch = growth.Watch(running.ProcessId, enough, over.Token);
            var done = await running;
            LogRun(command, done.ExitCode, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            span?.SetTag("exit_code", done.ExitCode);
            Measures.Git(command.Name, Stopwatch.GetElapsedTime(began), done.ExitCode != 0);
            return new GitResult(done.ExitCode, output.Text, Masked(errors.Text, command), output.Full);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw growth.Exceeded is { } what
                ? Failure(command, GitException.TooLarge, $"stopped: {what}")
                : Failure(command, GitException.TimedOut, $"stopped after {command.TimeLimit}\n{Masked(errors.Text, command)}");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw Failure(command, 127, $"git could not be started: {missing.Message}");
        }
        finally
        {
            await over.CancelAsync();
            await watch;
        }
    }

    private static (string Program, IReadOnlyList<string> Arguments) Call(GitCommand command)
    {
        if (command.View is not { } view || Bubblewrap.WhyNot is not null) return ("git", command.Arguments);
        var box = Bubblewrap.Around().ShowSystem();
        foreach (var folder in view.Read) box.Show(folder);
        return (Bubblewrap.Program!, box.Give(view.Write, view.Write).Run(view.Write, ["git", .. command.Arguments]));
    }

    internal static GitException Failure(GitCommand command, int exitCode, string errors) => new(command.ToString(), exitCode, LastLines(errors));

    /// <summary>The last lines that say something, without progress and hints.</summary>
    internal static string LastLines(string errors, int count = 12) => string.Join('\n', errors
        .Split('\n')
        .Select(line => line[(line.LastIndexOf('\r') + 1)..].TrimEnd())
        .Where(line => line.Length > 0 && !line.StartsWith("hint:", StringComparison.Ordinal))
        .TakeLast(count));

    /// <summary>At the first request or, where the token died between two of them, at a later one.</summary>
    private static bool IsLoginRefused(string errors) => LoginRefused.Any(words => errors.Contains(words, StringComparison.OrdinalIgnoreCase));

    private static string Masked(string text, GitCommand command) =>
        command.Remote?.Login is { Password.Length: > 0 } login ? text.Replace(login.Password, "***", StringComparison.Ordinal) : text;

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Command}: exit {ExitCode} after {Milliseconds:0} ms")]
    private partial void LogRun(GitCommand command, int exitCode, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Command}: the token isn't accepted any more")]
    private partial void LogRefused(GitCommand command);

    private sealed class Kept(int max)
    {
        private readonly ArrayBufferWriter<byte> bytes = new();

        public bool Full { get; private set; }

        public string Text => Encoding.UTF8.GetString(bytes.WrittenSpan);

        public PipeTarget Target => PipeTarget.Create(async (source, cancel) =>
        {
            var buffer = new byte[32 << 10];
            int read;
            while ((read = await source.ReadAsync(buffer, cancel)) > 0)
            {
                Write(buffer.AsSpan(0, read));
            }
        });

        public void Write(ReadOnlySpan<byte> more)
        {
            var room = Math.Min(more.Length, max - bytes.WrittenCount);
            if (room < more.Length) Full = true;
            bytes.Write(more[..room]);
        }
    }
}

/// <summary>A repository of our own, named outright.</summary>
internal sealed record GitRepository(GitRunner Git, string Folder, string? WorkTree = null, GitView? View = null)
{
    public Task<GitResult> Run(IReadOnlyList<string> arguments, CancellationToken cancel) => Git.Run(Command(arguments), cancel);

    public Task<GitResult> Try(IReadOnlyList<string> arguments, CancellationToken cancel) => Git.Try(Command(arguments), cancel);

    public GitCommand Command(IReadOnlyList<string> arguments) => new(arguments) { GitDir = Folder, WorkTree = WorkTree, View = View };

    /// <summary>The full name of what the expression means, or null.</summary>
    public async Task<string?> Resolve(string expression, CancellationToken cancel) =>
        await Try(["rev-parse", "--verify", "--quiet", "--end-of-options", expression], cancel) is { Ok: true } found ? found.Value : null;

    public async Task<bool> Has(string? sha, CancellationToken cancel) =>
        RefName.IsSha(sha) && (await Try(["cat-file", "-e", sha + "^{commit}"], cancel)).Ok;

    public async Task<bool> IsAncestor(string older, string newer, CancellationToken cancel) =>
        older == newer || (await Try(["merge-base", "--is-ancestor", older, newer], cancel)).Ok;

    public async Task<string?> MergeBase(string one, string other, CancellationToken cancel) =>
        await Try(["merge-base", one, other], cancel) is { Ok: true } found ? found.Lines[0].Trim() : null;

    /// <summary>A trailer's values in a commit's message.</summary>
    public async Task<IReadOnlyList<string>> Trailers(string sha, string key, CancellationToken cancel) =>
        [.. (await Run(["log", "-1", $"--format=%(trailers:key={key},valueonly)", sha], cancel)).Lines.Select(l => l.Trim()).Where(l => l.Length > 0)];
}
