using System.Text.Json;
using Ampx.Cli.Commands.Admin;
using Ampx.Cli.Commands.Completion;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Commands.SignIn;
using Ampx.Cli.Output;
using Cocona;
using Cocona.Application;
using Cocona.Command;
using Cocona.Command.Binder;
using Cocona.Filters;

namespace Ampx.Cli.Commands;

/// <summary>Runs around each command: turns what goes wrong into one or two lines and an exit code.</summary>
internal sealed class CommandRunner(Interrupt interrupt) : ICommandFilter
{
    /// <summary>A command's own code was reached; what fails before that is wrong usage.</summary>
    public bool Ran { get; private set; }

    public int Exit { get; private set; }

    public async ValueTask<int> OnCommandExecutionAsync(CoconaCommandExecutingContext ctx, CommandExecutionDelegate next)
    {
        Ran = true;
        try
        {
            var room = ctx.Command.Arguments.Any(argument => argument.Name.EndsWith(Arguments.More, StringComparison.Ordinal)) ? int.MaxValue : ctx.Command.Arguments.Count;
            // Cocona would drop them without a word.
            if (ctx.ParsedCommandLine.Arguments is { } words && words.Count > room)
                throw CliError.Usage($"'{words[room].Value}' is one word too many for '{NameOf(ctx.Command)}'.", $"Text of several words goes in quotes; see 'ampx {NameOf(ctx.Command)} --help'.");
            Arguments.Keep(ctx.ParsedCommandLine.Arguments.Select(word => word.Value));
            Exit = await next(ctx);
        }
        catch (ParameterBinderException e)
        {
            Exit = Tell(CliError.Usage(Words(e, NameOf(ctx.Command)), $"See 'ampx {NameOf(ctx.Command)} --help'."));
        }
        catch (Exception e)
        {
            Exit = Tell(e);
        }

        return Exit;
    }

    /// <summary>Says what went wrong; with <c>--json</c> as problem details on stdout too.</summary>
    public int Tell(Exception e)
    {
        switch (e)
        {
            case ClosedPipeException:
                return ExitCode.Done;
            case OperationCanceledException when interrupt.Happened:
                if (interrupt.Parting is { } parting) Terminal.Say(parting);
                return ExitCode.Interrupted;
            case CliError error:
                return Print(error);
            case UnwritableException:
                Terminal.Say($"ampx: {e.Message}");
                return ExitCode.Failed;
            case Exception when interrupt.Happened:
                // What it was doing broke off, each part in its own way.
                return ExitCode.Interrupted;
            default:
                var exit = Print(CliError.Failed($"{e.GetType().Name}: {e.Message.Split('\n')[0]}", "This is a mistake in ampx itself; AMPX_DEBUG=1 shows where.", "internal"));
                if (Environment.GetEnvironmentVariable("AMPX_DEBUG") is { Length: > 0 }) Terminal.Say(e.ToString());
                return exit;
        }
    }

    /// <summary>Wrong usage that Cocona found: its first line, and what may have been meant.</summary>
    public static CliError Usage(string complaint, CommandCollection commands)
    {
        var first = complaint.Split('\n')[0].Trim().Replace("Error: ", "", StringComparison.Ordinal).Replace(" See '--help' for usage.", "", StringComparison.Ordinal);
        var word = first.Split('\'') is [_, var quoted, ..] ? quoted : "";
        if (first.StartsWith("Unknown option", StringComparison.Ordinal))
        {
            // Cocona names it without its dashes.
            var named = word.Length == 1 ? $"-{word}" : $"--{word}";
            var command = Arguments.Named(commands);
            var near = Similar.To(word, [.. command?.Options.Select(one => one.Name) ?? []]).Select(name => $"--{name}").ToList();
            return CliError.Usage($"Unknown option '{named}'.", near.Count > 0 ? Similar.Question(near) : $"'ampx {(command is null ? "" : $"{NameOf(command)} ")}--help' lists the options.");
        }

        var group = commands.All.FirstOrDefault(one => one.Name == Arguments.Group.TrimEnd())?.SubCommands ?? commands;
        var names = group.All.Where(one => one is { IsHidden: false, IsPrimaryCommand: false }).ToList();
        var similar = Similar.To(word, [.. names.SelectMany(one => one.Aliases.Prepend(one.Name))])
            .Select(name => names.First(one => one.Name == name || one.Aliases.Contains(name)).Name).Distinct().Select(name => Arguments.Group + name).ToList();
        return CliError.Usage(first, similar.Count > 0 ? Similar.Question(similar) : $"'ampx {Arguments.Group}--help' lists the commands, 'ampx {Arguments.Group}COMMAND --help' its options.");
    }

    private static string NameOf(CommandDescriptor command) => Arguments.Group + command.Name;

    private static string Words(ParameterBinderException e, string command) => e.Result switch
    {
        ParameterBinderResult.InsufficientArgument => $"'{command}' needs {Named(e.Argument?.Name)}.",
        ParameterBinderResult.InsufficientOption => $"'{command}' needs --{e.Option?.Name}.",
        ParameterBinderResult.InsufficientOptionValue => $"--{e.Option?.Name} needs a value.",
        ParameterBinderResult.TypeNotSupported when e.Option is { } option => $"--{option.Name} needs a number.",
        _ => e.Message.Replace("Nullable`1", "number", StringComparison.Ordinal).Replace("Int32", "number", StringComparison.Ordinal).Replace("Int64", "number", StringComparison.Ordinal),
    };

    private static string Named(string? argument) => argument is null ? "an argument"
        : argument.EndsWith(Arguments.More, StringComparison.Ordinal) ? $"at least one {argument[..^Arguments.More.Length].ToUpperInvariant()}" : argument.ToUpperInvariant();

    private static int Print(CliError error)
    {
        try
        {
            if (Arguments.Json) Terminal.Line(JsonSerializer.Serialize(error.Problem, CliJson.Compact.Problem));
        }
        catch (IOException)
        {
            // Stdout takes nothing; the exit code and stderr say it.
        }

        Terminal.Say($"ampx: {Plain.Text(error.Problem.Detail)}");
        // A single one is in the detail already.
        foreach (var (field, words) in error.Problem.Errors is { Count: > 1 } several ? several : new Dictionary<string, string[]>()) Terminal.Say($"  {field}: {string.Join("; ", words)}");
        foreach (var line in error.More) Terminal.Say($"  {line}");
        if (error.Hint is { } hint) Terminal.Say(hint);
        return error.Exit;
    }
}

/// <summary>The command line before Cocona reads it.</summary>
internal static class Arguments
{
    /// <summary><c>--json</c> was asked for.</summary>
    public static bool Json { get; private set; }

    /// <summary><c>--no-color</c> was asked for.</summary>
    public static bool NoColor { get; private set; }

    /// <summary>What stands before the command's own name, with a space; for most nothing.</summary>
    public static string Group { get; private set; } = "";

    /// <summary>The words behind <c>__complete</c>, which are some command line's and no options of ours.</summary>
    public static IReadOnlyList<string> ToComplete { get; private set; } = [];

    private static readonly string[] Groups = [AdminGroup.Name, ConfigGroup.Name, TokenGroup.Name];
    private static string? _command;

    /// <summary>The end of the name of an argument that may be given several times. (An array would do, but beside one Cocona leaves the global options null.)</summary>
    public const string More = "...";

    private static IReadOnlyList<string> _words = [];

    /// <summary>Remembers the words of the command that runs.</summary>
    public static void Keep(IEnumerable<string> words) => _words = [.. words];

    /// <summary><paramref name="first"/> and the words after it, each once.</summary>
    public static IReadOnlyList<string> Several(string first) => [.. _words.Prepend(first).Distinct()];

    /// <summary>Puts global options that stand before the command behind it, as <c>kubectl</c> allows.</summary>
    public static string[] Read(string[] args)
    {
        if (args is [CompleteCommand.Name, ..])
        {
            ToComplete = args[1..];
            return [CompleteCommand.Name];
        }

        Json = args.TakeWhile(word => word != "--").Contains("--json");
        NoColor = args.TakeWhile(word => word != "--").Contains("--no-color");
        var at = Leading(args);
        if (at >= args.Length) return args;
        // As git, gh and kubectl have it.
        if (args[at] == "help") args = [.. args[..at], .. args[(at + 1)..], "--help"];
        _command = args[at];
        if (_command == "start") args = NamingDashedText(args);
        if (!Groups.Contains(args[at])) return at == 0 ? args : [args[at], .. args[..at], .. args[(at + 1)..]];
        Group = $"{args[at]} ";
        string[] rest = args[(at + 1)..];
        var more = Leading(rest);
        if (more < rest.Length) _command = rest[more];
        // Alone it asks for its commands; Cocona would show them as if they were ampx's own.
        return more >= rest.Length ? [args[at], "--help"] : [args[at], rest[more], .. args[..at], .. rest[..more], .. rest[(more + 1)..]];
    }

    /// <summary>The command that the line names; null if there is none of that name.</summary>
    public static CommandDescriptor? Named(CommandCollection commands)
    {
        var group = commands.All.FirstOrDefault(one => one.Name == Group.TrimEnd())?.SubCommands ?? commands;
        return group.All.FirstOrDefault(one => one.Name == _command || one.Aliases.Contains(_command ?? ""));
    }

    /// <summary>A task such as "- fix the tests" isn't an option: several words in one.</summary>
    private static string[] NamingDashedText(string[] args)
    {
        var named = new List<string>(args.Length + 1);
        foreach (var word in args)
        {
            if (IsText(word) && TakesNoValue(named[^1]) && !named.Contains("--")) named.Add("--task");
            named.Add(word);
        }

        return [.. named];

        static bool IsText(string word) => word.StartsWith('-') && word.IndexOfAny([' ', '\t', '\n', '\r']) is > 0 and var end && !word[..end].Contains('=');

        static bool TakesNoValue(string word) => !word.StartsWith('-') || word.Contains('=') || word is "--draft" or "--auto-merge" or "--wait" or "-w" or "--json" or "--no-color";
    }

    /// <summary>How many words of global options stand in front.</summary>
    private static int Leading(string[] args)
    {
        var at = 0;
        while (at < args.Length && args[at].StartsWith("--", StringComparison.Ordinal))
        {
            if (args[at] is "--json" or "--no-color" || IsJoined(args[at])) at++;
            else if (args[at] is "--server" or "--token") at += 2;
            else break;
        }

        return at;

        static bool IsJoined(string word) => word.StartsWith("--server=", StringComparison.Ordinal) || word.StartsWith("--token=", StringComparison.Ordinal);
    }
}

/// <summary>Where Cocona writes: help to stdout; its complaints are kept, to be told our way.</summary>
internal sealed class KeptConsole : ICoconaConsoleProvider, IDisposable
{
    private readonly StringWriter _errors = new();

    public TextWriter Output => Console.Out;
    public TextWriter Error => _errors;

    public string Complaint => _errors.ToString().Trim();

    public void Dispose() => _errors.Dispose();
}
