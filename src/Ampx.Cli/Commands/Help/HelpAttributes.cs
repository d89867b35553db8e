namespace Ampx.Cli.Commands.Help;

/// <summary>A command line that works, and what it is for; <c>--help</c> shows them in their order, and a test runs them all.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class ExampleAttribute(string line, string words) : Attribute
{
    public string Line { get; } = line;
    public string Words { get; } = words;
}

/// <summary>What a command's one line doesn't say; a paragraph of its help.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DetailsAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}
