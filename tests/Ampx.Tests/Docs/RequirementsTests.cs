using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Docs;

/// <summary><c>docs/requirements.md</c>, by which <c>scripts/validate.sh</c> goes, against the tests, the interface, the command line and the metrics.</summary>
public sealed partial class RequirementsTests(ITestOutputHelper output)
{
    private static readonly string[] Heart = ["src/Ampx.Core/Tasks/TaskMachine.cs", "src/Ampx.Silo/Grains/TaskGrain.cs", "src/Ampx.Silo/Grains/WorkQueueGrain.cs", "src/Ampx.Silo/Grains/CiWatchGrain.cs"];

    [Fact]
    public void All_that_is_named_as_evidence_exists()
    {
        var evidence = Rows().SelectMany(row => Code().Matches(row[^1])).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.True(evidence.Count > 80, $"only {evidence.Count}");
        Assert.All(evidence, named => Assert.True(named.StartsWith("scripts/", StringComparison.Ordinal) ? File.Exists(Checkout.File(named)) : IsTest(named), $"{named} isn't there"));
    }

    [Fact]
    public void No_row_is_without_evidence() => Assert.All(Rows(), row => Assert.True(Code().IsMatch(row[^1]), string.Join(" | ", row)));

    [Fact]
    public void Every_call_of_the_interface_has_a_row()
    {
        using var api = JsonDocument.Parse(File.ReadAllText(Checkout.File("docs/openapi.json")));
        var calls = api.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Where(call => call.Name is "get" or "post" or "patch" or "delete")
            .Select(call => $"`{call.Name.ToUpperInvariant()} {path.Name["/api/v1".Length..]}`"));
        Assert.Empty(calls.Except(Rows().Select(row => row[0])));
    }

    [Fact]
    public void Every_command_has_a_row() =>
        Assert.Empty(new Page("docs/CLI.md").Sections(2).Keys.Where(title => title.StartsWith("ampx ", StringComparison.Ordinal)).Select(title => $"`{title}`").Except(Rows().Select(row => row[0])));

    [Fact]
    public void Every_metric_has_a_row() =>
        Assert.Empty(new Page("docs/OBSERVABILITY.md").Rows().Select(row => row[0]).Where(name => name.StartsWith("`ampx_", StringComparison.Ordinal)).Except(Rows().Select(row => row[0])));

    [Fact]
    public void The_heart_has_at_most_600_lines()
    {
        var lines = Heart.Select(file => (File: Path.GetFileName(file), Count: File.ReadLines(Checkout.File(file)).Count(line => line.Trim() is { Length: > 0 } text && !text.StartsWith("//", StringComparison.Ordinal)))).ToList();
        output.WriteLine(string.Join(", ", lines.Select(file => $"{file.File} {file.Count}")));
        Assert.InRange(lines.Sum(file => file.Count), 1, 600);
    }

    private static bool IsTest(string named)
    {
        var parts = named.Split('.');
        var type = typeof(RequirementsTests).Assembly.GetType($"Ampx.Tests.{parts[0]}.{parts[1]}");
        bool IsFact(MethodInfo method) => method.GetCustomAttributes().Any(attribute => attribute is Xunit.v3.IFactAttribute);
        return type is not null && (parts.Length > 2 ? type.GetMethod(parts[2]) is { } method && IsFact(method) : type.GetMethods().Any(IsFact));
    }

    /// <summary>The cells of all tables but their heads.</summary>
    private static List<string[]> Rows() =>
        [.. Row().Matches(new Page("docs/requirements.md").Text).Select(row => row.Value.Trim().Trim('|').Split(" | ", StringSplitOptions.TrimEntries)).Where(cells => cells[^1] is not ("shown by" or "---"))];

    [GeneratedRegex(@"^\|.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`((?:scripts/|[A-Z][A-Za-z]*\.)[\w./-]+)`")]
    private static partial Regex Code();
}
