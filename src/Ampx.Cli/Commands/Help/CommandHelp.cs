using System.Reflection;
using Ampx.Cli.Output;
using Cocona.Command;
using Cocona.Help;
using Cocona.Help.DocumentModel;

namespace Ampx.Cli.Commands.Help;

/// <summary>Help as a manual's page: how it is called, what it does, arguments, options, examples. Plain on a pipe; wrapped and with bold heads on a terminal.</summary>
internal sealed class CommandHelp(Terminal terminal) : ICoconaCommandHelpProvider
{
    private const string Program = "ampx";
    private const string Purpose = "Hand a coding task to an agent, come back to a green pull request.";
    private static readonly (string Option, string Words)[] ForAll =
        [.. typeof(GlobalOptions).GetConstructors()[0].GetParameters().Select(one => one.GetCustomAttribute<Cocona.OptionAttribute>()!).Select(one => (Label(one.Name!, one.ValueName), one.Description!)),
         ("-h, --help", "This page")];

    /// <summary>The commands' headings in the order of a day's work; what none of them names comes last.</summary>
    private static readonly (string Head, string[] Names)[] Chapters =
    [
        ("Tasks", ["start", "list", "show", "logs", "continue", "abort", "merge", "wait", "diff", "open", "rm"]),
        ("The service", ["up", "down", "demo", "doctor", "board", "dashboard", "stats", "drain", "admin"]),
        ("Signing in, settings", ["login", "whoami", "token", "config", "completion", "version"]),
    ];

    public HelpMessage CreateCommandHelp(CommandDescriptor command, IReadOnlyList<CommandDescriptor> subCommandStack) => Page([.. Lines(command, Words(subCommandStack))]);

    public HelpMessage CreateCommandsIndexHelp(CommandCollection commandCollection, IReadOnlyList<CommandDescriptor> subCommandStack) =>
        Page([.. Index([.. commandCollection.All.Where(one => one is { IsHidden: false, IsPrimaryCommand: false })], Arguments.Group, subCommandStack.Count > 0 ? subCommandStack[^1].Description : Purpose)]);

    public HelpMessage CreateVersionHelp() => Page([$"{Program} {Versions.Own}"]);

    /// <summary>The examples of one command, in their order.</summary>
    public static IReadOnlyList<ExampleAttribute> Examples(MethodInfo command) => [.. command.GetCustomAttributes<ExampleAttribute>()];

    private IEnumerable<string> Lines(CommandDescriptor command, string group)
    {
        var arguments = string.Concat(command.Arguments.Select(one => one.IsRequired ? $" {Placeholder(one)}" : $" [{Placeholder(one)}]"));
        yield return $"Usage: {Program} {group}{command.Name}{arguments} [options]";
        foreach (var alias in command.Aliases) yield return $"       {Program} {group}{alias}{arguments} [options]";
        yield return "";
        foreach (var line in Wrap(command.Description, 0)) yield return line;
        if (command.Method.GetCustomAttribute<DetailsAttribute>() is { } details)
        {
            yield return "";
            foreach (var line in Wrap(details.Text, 0)) yield return line;
        }

        foreach (var line in Table("Arguments:", [.. command.Arguments.Select(one => (Placeholder(one), one.Description))])) yield return line;
        var own = command.Options.Where(one => !one.IsHidden && !ForAll.Any(global => global.Option == Label(one.Name, IsFlag(one) ? null : one.ValueName)));
        foreach (var line in Table("Options:", [.. own.Select(one => (Named(one), one.Description + Default(one)))])) yield return line;
        foreach (var line in Table("Options of every command:", ForAll)) yield return line;
        var examples = Examples(command.Method);
        if (examples.Count == 0) yield break;
        yield return "";
        yield return Bold("Examples:");
        var width = examples.Max(one => one.Line.Length);
        foreach (var example in examples)
        {
            if (terminal.IsScreen && 2 + width + 4 + example.Words.Length > Terminal.Width)
            {
                yield return $"  {example.Line}";
                foreach (var line in Wrap(example.Words, 6)) yield return $"      {line}";
            }
            else
            {
                yield return $"  {example.Line.PadRight(width)}    {example.Words}";
            }
        }
    }

    private IEnumerable<string> Index(IReadOnlyList<CommandDescriptor> commands, string group, string purpose)
    {
        yield return $"Usage: {Program} {group}COMMAND [options]";
        yield return "";
        foreach (var line in Wrap(purpose, 0)) yield return line;

        var left = commands.ToList();
        foreach (var (head, names) in group.Length == 0 ? Chapters : [])
        {
            var chapter = names.Select(name => left.Find(one => one.Name == name)).OfType<CommandDescriptor>().ToList();
            foreach (var line in Commands($"{head}:", chapter)) yield return line;
            left.RemoveAll(chapter.Contains);
        }

        foreach (var line in Commands(group.Length == 0 ? "Others:" : "Commands:", left)) yield return line;
        foreach (var line in Table("Options of every command:", ForAll)) yield return line;
        yield return "";
        foreach (var line in Wrap($"'{Program} {group}COMMAND --help' has a command's options and examples.", 0)) yield return line;
    }

    private IEnumerable<string> Commands(string head, IReadOnlyList<CommandDescriptor> commands) => Table(head, [.. commands.Select(one => (one.Name, one.Description))]);

    private IEnumerable<string> Table(string head, (string Label, string Words)[] rows)
    {
        if (rows.Length == 0) yield break;
        yield return "";
        yield return Bold(head);
        var width = rows.Max(row => row.Label.Length);
        foreach (var (label, words) in rows)
        {
            var first = true;
            foreach (var line in Wrap(words, 2 + width + 4))
            {
                yield return $"  {(first ? label : "").PadRight(width)}    {line}".TrimEnd();
                first = false;
            }
        }
    }

    private static string Words(IReadOnlyList<CommandDescriptor> stack) => string.Concat(stack.Select(one => $"{one.Name} "));

    private static string Placeholder(CommandArgumentDescriptor argument) => argument.Name.ToUpperInvariant().Replace(Arguments.More, "…", StringComparison.Ordinal);

    private static bool IsFlag(CommandOptionDescriptor option) => option.UnwrappedOptionType == typeof(bool);

    private static string Named(CommandOptionDescriptor option) =>
        string.Concat(option.ShortName.Select(letter => $"-{letter}, ")) + Label(option.Name, IsFlag(option) ? null : option.ValueName);

    private static string Label(string name, string? value) => value is null ? $"--{name}" : $"--{name} <{value}>";

    private static string Default(CommandOptionDescriptor option) => option.DefaultValue.Value switch { null or false or "" => "", var value => $" (Default: {value})" };

    private IEnumerable<string> Wrap(string text, int indent) => Plain.Wrap(text, terminal.IsScreen ? Math.Max(Terminal.Width - indent, 20) : int.MaxValue);

    private string Bold(string text) => Terminal.Paint(text, "1", terminal.Colour);

    private static HelpMessage Page(IReadOnlyList<string> lines) => new(new HelpSection(new HelpPreformattedText(string.Join('\n', lines))));
}
