using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core;
using Ampx.Core.Tasks;
using Cocona.Command;

namespace Ampx.Cli.Commands.Completion;

/// <summary>What the shell shall complete with: the words given, or files or folders of its own finding.</summary>
internal enum CandidateKind
{
    Words,
    Files,
    Folders,
}

/// <summary>A word that may stand there, and what it is.</summary>
internal sealed record Candidate(string Value, string Words = "");

/// <summary>Which words may stand at the end of a command line that is being written.</summary>
internal sealed class Candidates(CommandCollection commands, CancellationToken cancel)
{
    private static readonly (CandidateKind, IReadOnlyList<Candidate>) Nothing = (CandidateKind.Words, []);

    public async Task<(CandidateKind Kind, IReadOnlyList<Candidate> Found)> For(IReadOnlyList<string> words)
    {
        var current = words.Count > 0 ? words[^1] : "";
        var (command, rest, group) = Find([.. words.SkipLast(1)]);
        if (command is null) return group is null ? Nothing : (CandidateKind.Words, Fitting(current, group.All.Where(one => one is { IsHidden: false, IsPrimaryCommand: false }).SelectMany(Names)));
        var remote = new RemoteWords(Value(words, "--server"), Value(words, "--token"), cancel);
        if (rest.Contains("--")) return await Argument(command, rest, current, remote);
        if (current.StartsWith("--", StringComparison.Ordinal) && current.Split('=', 2) is [var name, var begun])
        {
            var (kind, found) = await Option(command, name, begun, remote);
            return (kind, [.. found.Select(one => one with { Value = $"{name}={one.Value}" })]);
        }

        if (current.StartsWith('-')) return (CandidateKind.Words, Fitting(current, Options(command)));
        return rest is [.., ['-', ..] last] && TakesValue(command, last) ? await Option(command, last, current, remote) : await Argument(command, rest, current, remote);
    }

    /// <summary>The command that the words name, those behind it, and where none is named yet the commands to choose from.</summary>
    private (CommandDescriptor? Command, IReadOnlyList<string> Behind, CommandCollection? Group) Find(IReadOnlyList<string> words)
    {
        var group = commands;
        for (var at = 0; at < words.Count; at++)
        {
            if (words[at] is "--server" or "--token")
            {
                if (++at == words.Count) return (null, [], null);
                continue;
            }

            if (words[at].StartsWith('-')) continue;
            var command = group.All.FirstOrDefault(one => one.Name == words[at] || one.Aliases.Contains(words[at]));
            if (command is null) return (null, [], null);
            if (command.SubCommands is null) return (command, [.. words.Skip(at + 1)], null);
            group = command.SubCommands;
        }

        return words is [.., "--server" or "--token"] ? (null, [], null) : (null, [], group);
    }

    private static async Task<(CandidateKind, IReadOnlyList<Candidate>)> Option(CommandDescriptor command, string name, string current, RemoteWords remote) => name switch
    {
        "--data" => (CandidateKind.Folders, []),
        "--status" => (CandidateKind.Words, OfList(current, Enum.GetValues<Status>().Select(AmpxJson.Word))),
        "--source" => (CandidateKind.Words, OfList(current, LogSelection.Known)),
        "--method" => (CandidateKind.Words, Fitting(current, Enum.GetValues<MergeMethod>().Select(one => new Candidate(AmpxJson.Word(one))))),
        "--role" => (CandidateKind.Words, Fitting(current, "viewer member lead admin".Split(' ').Select(one => new Candidate(one)))),
        "--repo" => await Repository(current, remote),
        "--owner" => (CandidateKind.Words, Fitting(current, await remote.Owners())),
        "--server" => (CandidateKind.Words, Fitting(current, new KnownServers(Folders.Real.Config).Read().Select(one => new Candidate(one.Url, one.Data)))),
        _ => Nothing,
    };

    private static async Task<(CandidateKind, IReadOnlyList<Candidate>)> Argument(CommandDescriptor command, IReadOnlyList<string> rest, string current, RemoteWords remote)
    {
        var before = rest.Where((word, at) => !word.StartsWith('-') && (at == 0 || !TakesValue(command, rest[at - 1]))).ToList();
        var slot = command.Arguments.Count == 0 ? null : before.Count < command.Arguments.Count ? command.Arguments[before.Count] : command.Arguments[^1];
        if (slot is null || (before.Count >= command.Arguments.Count && !slot.Name.EndsWith(Arguments.More, StringComparison.Ordinal))) return Nothing;
        return (command.Name, slot.Name) switch
        {
            (_, "id" or "id...") when command.CommandType.Namespace == typeof(Candidates).Namespace![..^".Completion".Length] =>
                (CandidateKind.Words, Fitting(current, (await remote.Tasks(Wanted(command.Name))).Where(one => !before.Contains(one.Value, StringComparer.OrdinalIgnoreCase)))),
            ("start", "repo") => await Repository(current, remote),
            (_, "silo") => (CandidateKind.Words, Fitting(current, await remote.Workers())),
            (_, "file") => (CandidateKind.Files, []),
            (_, "shell") => (CandidateKind.Words, Fitting(current, CompletionCommand.Shells.Select(one => new Candidate(one)))),
            (_, "key") => (CandidateKind.Words, Fitting(current, ConfigFile.Keys.Select(key => new Candidate(key.Name, key.Words)))),
            _ => Nothing,
        };
    }

    /// <summary>Which tasks a command can do something with; null: all.</summary>
    private static Func<Core.Api.TaskView, bool>? Wanted(string command) => command switch
    {
        "abort" => task => !Words.HasEnded(task),
        "wait" => task => !Words.HasEnded(task),
        "merge" => task => task.Status is Status.Success && !Words.IsMerged(task),
        "rm" => Words.HasEnded,
        _ => null,
    };

    // A path is the shell's to complete.
    private static async Task<(CandidateKind, IReadOnlyList<Candidate>)> Repository(string current, RemoteWords remote) =>
        current is ['/' or '.' or '~', ..] ? (CandidateKind.Folders, []) : (CandidateKind.Words, Fitting(current, await remote.Repositories()));

    private static IEnumerable<Candidate> Options(CommandDescriptor command) =>
        command.Options.Where(one => !one.IsHidden).Select(one => new Candidate($"--{one.Name}", one.Description)).Append(new("--help", "This command's help"));

    private static IEnumerable<Candidate> Names(CommandDescriptor command) => [new(command.Name, command.Description), .. command.Aliases.Select(alias => new Candidate(alias, command.Description))];

    private static bool TakesValue(CommandDescriptor command, string word) => command.Options.Any(one => one.UnwrappedOptionType != typeof(bool)
        && (word == $"--{one.Name}" || (word.Length == 2 && word[0] == '-' && one.ShortName.Contains(word[1]))));

    /// <summary>Of <c>running,ret</c> the last part is completed.</summary>
    private static IReadOnlyList<Candidate> OfList(string current, IEnumerable<string> words)
    {
        var before = current[..(current.LastIndexOf(',') + 1)];
        return Fitting(current, words.Except(before.Split(',')).Select(word => new Candidate(before + word)));
    }

    private static IReadOnlyList<Candidate> Fitting(string current, IEnumerable<Candidate> candidates) =>
        [.. candidates.Where(one => one.Value.StartsWith(current, StringComparison.OrdinalIgnoreCase))];

    private static string? Value(IReadOnlyList<string> words, string option)
    {
        for (var at = 0; at < words.Count - 1; at++)
        {
            if (words[at] == option && at + 1 < words.Count - 1) return words[at + 1];
            if (words[at].StartsWith($"{option}=", StringComparison.Ordinal)) return words[at][(option.Length + 1)..];
        }

        return null;
    }
}
