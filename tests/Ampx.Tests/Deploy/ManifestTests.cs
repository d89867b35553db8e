using System.Text.RegularExpressions;
using Ampx.Tests.Docs;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Deploy;

/// <summary>The files of <c>deploy/</c> and the image's recipe, as far as they can be held against something without a cluster or an engine.</summary>
public sealed partial class ManifestTests : IAsyncDisposable
{
    private static readonly string Schemas = Checkout.File("tests/deploy-schemas");
    private readonly Stage stage = new();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Kubernetes_manifests_are_what_its_types_allow()
    {
        var manifests = string.Join(' ', Directory.EnumerateFiles(Checkout.File("deploy/kubernetes"), "*.yaml").Where(file => !file.EndsWith("kustomization.yaml", StringComparison.Ordinal)));
        var (code, _, errors) = await stage.Script($"node {Schemas}/check.mjs {manifests}");
        Assert.True(code == 0, errors);

        // The same check refuses a name that isn't one, and a value of another kind.
        var wrong = Path.Combine(stage.Root, "wrong.yaml");
        await File.WriteAllTextAsync(wrong, (await File.ReadAllTextAsync(Checkout.File("deploy/kubernetes/silos.yaml")))
            .Replace("readinessProbe", "readynessProbe", StringComparison.Ordinal).Replace("replicas: 2", "replicas: two", StringComparison.Ordinal));
        (code, _, errors) = await stage.Script($"node {Schemas}/check.mjs {wrong}");
        Assert.Equal(1, code);
        Assert.Contains("'\"readynessProbe\"' does not exist", errors, StringComparison.Ordinal);
        Assert.Contains("'string' is not assignable to type 'number'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kustomization_lists_all_manifests()
    {
        var listed = Resource().Matches(File.ReadAllText(Checkout.File("deploy/kubernetes/kustomization.yaml"))).Select(match => match.Groups[1].Value);
        var there = Directory.EnumerateFiles(Checkout.File("deploy/kubernetes"), "*.yaml").Select(file => Path.GetFileName(file)!).Where(name => name != "kustomization.yaml");
        Assert.Equal(there.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_compose_file_is_what_its_specification_allows()
    {
        var (code, output, errors) = await stage.Script($"{Schemas}/node_modules/.bin/dclint --quiet {Checkout.File("deploy/compose.yaml")}");
        Assert.True(code == 0, output + errors);
        var wrong = Path.Combine(stage.Root, "compose.yaml");
        await File.WriteAllTextAsync(wrong, (await File.ReadAllTextAsync(Checkout.File("deploy/compose.yaml"))).Replace("healthcheck:", "heathcheck:", StringComparison.Ordinal));
        (code, output, _) = await stage.Script($"{Schemas}/node_modules/.bin/dclint --quiet {wrong}");
        Assert.Equal(1, code);
        Assert.Contains("/services/postgres", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_they_give_is_one_that_there_is()
    {
        var known = new Page("docs/SETTINGS.md").Rows().Select(row => row[0].Trim('`')).ToHashSet();
        var given = Directory.EnumerateFiles(Checkout.File("deploy"), "*", SearchOption.AllDirectories).Append(Checkout.File("silo.Dockerfile"))
            .SelectMany(file => Setting().Matches(File.ReadAllText(file))).Select(match => Element().Replace(match.Groups[1].Value, "").Replace("__", ":", StringComparison.Ordinal)).ToHashSet();
        Assert.True(given.Count > 10, $"only {given.Count} settings are given");
        Assert.Empty(given.Except(known));
    }

    [Fact]
    public void What_the_image_copies_is_there_and_not_ignored()
    {
        var recipe = File.ReadAllText(Checkout.File("silo.Dockerfile"));
        var ignored = File.ReadAllLines(Checkout.File(".dockerignore"));
        var sources = Copy().Matches(recipe).SelectMany(copy => copy.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).SkipLast(1)).ToList();
        Assert.True(sources.Count > 5, "nothing is copied");
        Assert.All(sources, source =>
        {
            Assert.True(Path.Exists(Checkout.File(source)), $"{source} isn't there");
            Assert.DoesNotContain(source.TrimEnd('/'), ignored);
        });
        // Whatever the build reads beside the sources is copied too.
        Assert.All(Directory.EnumerateFiles(Checkout.File("."), "Directory.*").Select(file => Path.GetFileName(file)!), name => Assert.Contains(name, sources));
    }

    [Fact]
    public async Task Systemd_finds_nothing_wrong_with_the_unit()
    {
        if (!File.Exists("/usr/bin/systemd-analyze")) Assert.Skip("systemd isn't here");
        var unit = Path.Combine(stage.Root, "ampx.service");
        await File.WriteAllTextAsync(unit, (await File.ReadAllTextAsync(Checkout.File("deploy/ampx.service"))).Replace("/opt/ampx/ampx", "/bin/sh", StringComparison.Ordinal));
        var (code, output, errors) = await stage.Script($"systemd-analyze verify {unit}");
        Assert.True(code == 0, output + errors);
        // An older systemd goes on without this one, and says so.
        Assert.DoesNotContain(errors.Split('\n'), line => line.Contains("ampx.service", StringComparison.Ordinal) && !line.Contains("'DelegateSubgroup'", StringComparison.Ordinal));
        await File.AppendAllTextAsync(unit, "KilMode=process\n");
        Assert.Contains("KilMode", (await stage.Script($"systemd-analyze verify {unit}")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Caddy_takes_its_file()
    {
        if (!File.Exists("/usr/bin/caddy")) Assert.Skip("Caddy isn't here");
        var (code, _, errors) = await stage.Script($"caddy validate --adapter caddyfile --config {Checkout.File("deploy/Caddyfile")}");
        Assert.True(code == 0, errors);
    }

    [GeneratedRegex(@"^  - (\S+\.yaml)$", RegexOptions.Multiline)]
    private static partial Regex Resource();

    [GeneratedRegex(@"\bAmpx__(\w+)")]
    private static partial Regex Setting();

    [GeneratedRegex(@"__\d+$")]
    private static partial Regex Element();

    [GeneratedRegex(@"^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex Copy();
}
