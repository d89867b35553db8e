using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Ampx.Cli.Output;

/// <summary>Where a command's words go: data to stdout, talk to stderr, colour and redraws only where a person looks.</summary>
internal sealed class Terminal
{
    private IAnsiConsole? _screen;
    private IAnsiConsole? _talk;

    public Terminal(bool json, bool noColor, Func<string, string?> environment)
    {
        JsonOnly = json;
        var dumb = environment("TERM") is "dumb";
        var quiet = noColor || environment("NO_COLOR") is { Length: > 0 } || dumb;
        IsScreen = !json && !Console.IsOutputRedirected;
        CanRedraw = IsScreen && !dumb;
        CanRedrawTalk = !Console.IsErrorRedirected && !dumb;
        Colour = IsScreen && !quiet;
        ColourTalk = !Console.IsErrorRedirected && !quiet;
    }

    /// <summary>Stdout is for one JSON document, or one a line when following.</summary>
    public bool JsonOnly { get; }

    /// <summary>Stdout is a terminal with a person before it.</summary>
    public bool IsScreen { get; }

    /// <summary>Lines on stdout may be painted over.</summary>
    public bool CanRedraw { get; }

    /// <summary>Lines on stderr may be painted over.</summary>
    public bool CanRedrawTalk { get; }
    public bool Colour { get; }
    public bool ColourTalk { get; }

    /// <summary>Columns; wide enough for anything where stdout is no terminal.</summary>
    public static int Width => Size(() => Console.WindowWidth, 80);

    public static int Height => Size(() => Console.WindowHeight, 24);

    /// <summary>Tables and markup on stdout.</summary>
    public IAnsiConsole Screen => _screen ??= Make(Console.Out, CanRedraw, Colour);

    /// <summary>What moves on stderr.</summary>
    public IAnsiConsole Talk => _talk ??= Make(Console.Error, CanRedrawTalk, ColourTalk);

    /// <summary>Data.</summary>
    public static void Line(string text = "") => Console.Out.WriteLine(text);

    /// <summary>Talk: never on stdout. On a terminal long lines are broken at spaces, below where they begin.</summary>
    public static void Say(string text = "")
    {
        if (Console.IsErrorRedirected || text.Length < Width)
        {
            Console.Error.WriteLine(text);
            return;
        }

        foreach (var line in text.Split('\n'))
        {
            var indent = line[..^line.TrimStart(' ').Length];
            foreach (var piece in Plain.Wrap(line.TrimStart(' '), Math.Max(20, Width - indent.Length))) Console.Error.WriteLine(indent + piece);
        }
    }

    /// <summary>A warning that doesn't stop the command.</summary>
    public void Warn(string text) => Say($"{Paint("warning:", "33", ColourTalk)} {text}");

    /// <summary><paramref name="text"/> in the colour of an SGR code, if <paramref name="colour"/>.</summary>
    public static string Paint(string text, string code, bool colour) => colour ? $"\e[{code}m{text}\e[0m" : text;

    /// <summary>One document: laid out for a person, on one line for a program.</summary>
    public static void Json<T>(T value, Func<CliJson, JsonTypeInfo<T>> shape) =>
        Line(JsonSerializer.Serialize(value, shape(Console.IsOutputRedirected ? CliJson.Compact : CliJson.Indented)));

    /// <summary>One document of several: always on one line.</summary>
    public static void JsonLine<T>(T value, JsonTypeInfo<T> shape) => Line(JsonSerializer.Serialize(value, shape));

    private static IAnsiConsole Make(TextWriter to, bool redraw, bool colour)
    {
        var screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redraw ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = redraw ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(to),
        });
        screen.Profile.Width = Width;
        screen.Profile.Capabilities.Unicode = true;
        return screen;
    }

    private static int Size(Func<int> ask, int otherwise)
    {
        // Where the terminal doesn't say, the environment may.
        var known = otherwise == 80 && int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), CultureInfo.InvariantCulture, out var columns) && columns > 0 ? columns : otherwise;
        try
        {
            return ask() is > 0 and var size ? size : known;
        }
        catch (IOException)
        {
            return known;
        }
    }
}
