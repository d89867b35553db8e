using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Ampx.Core.Tasks;
using Ampx.Silo.Hosting;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Docs;

/// <summary>What the pages say against what the code has.</summary>
public sealed partial class PageTests
{
    /// <summary>Their defaults depend on the machine.</summary>
    private static readonly string[] Varying = ["DataDirectory", "Workers:Slots"];

    [Fact]
    public void Every_error_code_has_a_section_and_no_section_is_without_a_code()
    {
        var codes = typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!)
            .Concat(CodesIn("src/Ampx.Gateway", GatewayCode())).Concat(CodesIn("src/Ampx.Cli", CliCode()));
        var sections = new Page("docs/ERRORS.md").Sections(3);
        Assert.Equal(codes.Distinct().Order(StringComparer.Ordinal), sections.Keys.Order(StringComparer.Ordinal));
        Assert.All(sections, section => Assert.True(section.Value.Length > 20, $"{section.Key} says nothing"));
    }

    [Fact]
    public void Every_setting_is_on_its_page_and_nothing_else() => Assert.Equal(
        Settings().Select(setting => setting.Key).Order(StringComparer.Ordinal),
        new Page("docs/SETTINGS.md").Rows().Select(row => row[0].Trim('`')).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_default_on_the_page_is_the_one_of_the_code()
    {
        var rows = new Page("docs/SETTINGS.md").Rows().ToDictionary(row => row[0].Trim('`'), row => row[1]);
        foreach (var (key, value) in Settings().Where(setting => setting.Default is not null && !Varying.Contains(setting.Key)))
            Assert.True(rows[key].Contains($"`{value}`", StringComparison.Ordinal), $"{key} is {value} by default, the page says {rows[key]}");
    }

    [Fact]
    public void Every_link_within_the_documentation_leads_somewhere() => Assert.All(Page.All(), page => Assert.All(page.Links(), link =>
    {
        var target = link.File.Length == 0 ? Checkout.File(page.Path) : Path.Combine(Path.GetDirectoryName(Checkout.File(page.Path))!, link.File);
        Assert.True(Path.Exists(target), $"{page.Path} links to {link.File}, which isn't there");
        if (link.Anchor.Length > 0) Assert.True(new Page(Path.GetRelativePath(Checkout.File("."), target)).Anchors().Contains(link.Anchor), $"{page.Path} links to #{link.Anchor}, which {target} doesn't have");
    }));

    [Fact]
    public void Every_script_that_is_named_is_there() => Assert.All(
        Page.All().SelectMany(page => Script().Matches(page.Text).Select(script => script.Value)).Distinct(), script => Assert.True(Path.Exists(Checkout.File(script)), script));

    [Fact]
    public void Every_alert_has_a_section_on_what_to_do_and_no_section_is_without_an_alert() => Assert.Equal(
        Alert().Matches(File.ReadAllText(Checkout.File("deploy/prometheus/alerts.yaml"))).Select(alert => alert.Groups[1].Value),
        new Page("docs/OPERATING.md").Sections(3).Keys);

    /// <summary>Those that aren't run as examples, too: in a text, or for a server that isn't there.</summary>
    [Fact]
    public async Task Every_command_line_of_the_documentation_is_one_that_the_program_knows()
    {
        await using var stage = new Stage();
        var groups = new[] { "admin", "token", "config" };
        var lines = Page.All().Where(page => page.Path != "CHANGELOG.md").SelectMany(page => page.CodeLines()).SelectMany(line => CommandLine().Matches(line)).ToList();
        Assert.True(lines.Count > 100, $"only {lines.Count} command lines");
        var wanted = lines.ToLookup(line => groups.Contains(line.Groups["command"].Value) && line.Groups["sub"].Success ? $"{line.Groups["command"].Value} {line.Groups["sub"].Value}" : line.Groups["command"].Value, line => line.Groups["rest"].Value);
        var helps = await Task.WhenAll(wanted.Select(async command => (command.Key, Help: await stage.Ampx([.. command.Key.Split(' '), "--help"]))));
        foreach (var (command, help) in helps)
        {
            Assert.True(help.Code == 0, $"'ampx {command}' is no command: {help.Err}");
            foreach (var option in wanted[command].SelectMany(rest => Option().Matches(rest)).Select(option => option.Value).Distinct())
                Assert.True(Regex.IsMatch(help.Out, $@"(?<![\w-]){option}(?![\w-])"), $"'ampx {command}' has no {option}");
        }
    }

    /// <summary>Every key, by the service's own table of sections, with its default as it would be written.</summary>
    private static IEnumerable<(string Key, string? Default)> Settings()
    {
        var sections = (IReadOnlyDictionary<string, Type>)typeof(AmpxService).GetField("Sections", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
        foreach (var (section, type) in sections)
        {
            var named = typeof(IDictionary).IsAssignableFrom(type);
            var owner = named ? type.GetGenericArguments()[1] : type;
            var prefix = (section.Length > 0 ? $"{section}:" : "") + (named ? "NAME:" : "");
            var defaults = Activator.CreateInstance(owner)!;
            foreach (var property in owner.GetProperties().Where(property => property.SetMethod is { IsPublic: true } || IsList(property.PropertyType)))
                yield return ($"{prefix}{property.Name}", Written(property.GetValue(defaults)));
        }
    }

    private static string? Written(object? value) => value switch
    {
        null => null,
        string text => text,
        IEnumerable => null,
        bool or Enum => value.ToString()!.ToLowerInvariant(),
        TimeSpan time => time.ToString("c"),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static bool IsList(Type type) => type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type);

    private static IEnumerable<string> CodesIn(string folder, Regex code) => Directory
        .EnumerateFiles(Checkout.File(folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
        .SelectMany(file => code.Matches(File.ReadAllText(file))).Select(match => match.Groups["code"].Value);

    [GeneratedRegex(@"scripts/[a-z-]+(\.sh)?(?![\w./-])")]
    private static partial Regex Script();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"(?<![\w/.-]|-u |-U |-o |--owner |--name |exec |-t |restart |--now )ampx (?<command>[a-z]+)( (?<sub>[a-z]+))?(?<rest>[^|;&#]*)")]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"(?<=[\s\[])--?[a-z][a-z-]*")]
    private static partial Regex Option();

    [GeneratedRegex(@"(=> \(|new RefusedException\([\w.]+, |=> new\(StatusCodes\.\w+, )""(?<code>[a-z_]+)"",")]
    private static partial Regex GatewayCode();

    [GeneratedRegex(@"(code: |string code = |detail, |, (?="".*_))""(?<code>[a-z]+(_[a-z]+)*)""\)")]
    private static partial Regex CliCode();
}
