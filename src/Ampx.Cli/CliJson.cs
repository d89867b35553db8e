using System.Text.Json;
using System.Text.Json.Serialization;
using Ampx.Cli.Commands.Completion;
using Ampx.Cli.Connecting;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;

namespace Ampx.Cli;

/// <summary>The JSON that the CLI reads and writes: <see cref="AmpxJson"/>'s dialect, prepared at build time so that no command waits for reflection. Use <see cref="Compact"/>; the generated Default doesn't know the dialect.</summary>
[JsonSerializable(typeof(TaskView))]
[JsonSerializable(typeof(TaskList))]
[JsonSerializable(typeof(Timeline))]
[JsonSerializable(typeof(AttemptList))]
[JsonSerializable(typeof(LogPage))]
[JsonSerializable(typeof(LogEntry))]
[JsonSerializable(typeof(StreamEnd))]
[JsonSerializable(typeof(SignInLink))]
[JsonSerializable(typeof(ServerVersion))]
[JsonSerializable(typeof(Caller))]
[JsonSerializable(typeof(TokenList))]
[JsonSerializable(typeof(CreateToken))]
[JsonSerializable(typeof(CreatedToken))]
[JsonSerializable(typeof(LoginReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(ServiceStats))]
[JsonSerializable(typeof(WorkerDrain))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(StartTask))]
[JsonSerializable(typeof(ChangeTask))]
[JsonSerializable(typeof(CliConfig))]
[JsonSerializable(typeof(IReadOnlyList<KnownServer>))]
[JsonSerializable(typeof(ServiceFile))]
[JsonSerializable(typeof(VersionReport))]
[JsonSerializable(typeof(DiffReport))]
[JsonSerializable(typeof(UrlReport))]
[JsonSerializable(typeof(FeedbackReport))]
[JsonSerializable(typeof(TaskResults))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(CheckRequest))]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(RestoreReport))]
[JsonSerializable(typeof(CompletionReport))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>On one line.</summary>
    public static CliJson Compact { get; } = new(new JsonSerializerOptions(AmpxJson.Options));

    /// <summary>For people's eyes.</summary>
    public static CliJson Indented { get; } = new(new JsonSerializerOptions(AmpxJson.Options) { WriteIndented = true });
}

/// <summary><c>admin backup --json</c>.</summary>
internal sealed record BackupReport(string File, long Bytes);

/// <summary><c>admin restore --json</c>: the folder, and of which version and time its content is.</summary>
internal sealed record RestoreReport(string Data, string Version, DateTimeOffset CreatedAt);

/// <summary><c>version --json</c>; no <see cref="ServerVersion"/> where no server answers.</summary>
internal sealed record VersionReport(string Version, string? ServerVersion);

/// <summary><c>login --json</c>: who is signed in where.</summary>
internal sealed record LoginReport(string Server, string Name, Role Role);

/// <summary><c>diff --json</c>.</summary>
internal sealed record DiffReport(string Diff);

/// <summary><c>open --json</c>, <c>dashboard --json</c>.</summary>
internal sealed record UrlReport(string Url);

/// <summary><c>logs --feedback --json</c>: what the agent was told in its run number <see cref="Attempt"/>.</summary>
internal sealed record FeedbackReport(int Attempt, string Feedback);

/// <summary><c>--json</c> of a command on several ids: the tasks as they are now, and a problem for each that failed.</summary>
internal sealed record TaskResults(IReadOnlyList<TaskView> Tasks, IReadOnlyList<Problem> Problems);
