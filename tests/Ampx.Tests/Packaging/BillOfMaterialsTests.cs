using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Packaging;

public sealed class BillOfMaterialsTests
{
    [Fact]
    public async Task Every_locked_package_of_what_ships_is_in_it_once_with_version_and_hash()
    {
        await using var stage = new Stage();
        var file = Path.Combine(stage.Root, "sbom.json");
        var (code, _, errors) = await stage.Script($"{Checkout.File("scripts/sbom.sh")} {file}");
        Assert.True(code == 0, errors);
        var bill = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.Equal(("CycloneDX", "1.6", Version()), ((string?)bill["bomFormat"], (string?)bill["specVersion"], (string?)bill["metadata"]!["component"]!["version"]));
        var listed = bill["components"]!.AsArray().Select(one => ((string?)one!["name"], (string?)one["version"], Convert.ToBase64String(Convert.FromHexString((string)one["hashes"]![0]!["content"]!)))).ToList();
        var locked = ((string[])["Ampx.Cli", "Ampx.Supervisor"]).SelectMany(program => Locked(Checkout.File($"src/{program}/packages.lock.json"))).ToHashSet();
        Assert.True(locked.Count > 50, $"only {locked.Count} packages are locked");
        Assert.Equal(locked.Order(), listed.Order());
        var known = bill["components"]!.AsArray().Select(one => (string)one!["bom-ref"]!).Append("ampx").ToHashSet();
        Assert.All(bill["dependencies"]!.AsArray(), one => Assert.All([(string)one!["ref"]!, .. one["dependsOn"]!.AsArray().Select(to => (string)to!)], to => Assert.Contains(to, known)));
    }

    private static IEnumerable<(string?, string?, string)> Locked(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        return [.. json.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(target => target.Value.EnumerateObject()).Where(package => package.Value.GetProperty("type").GetString() != "Project")
            .Select(package => ((string?)package.Name, package.Value.GetProperty("resolved").GetString(), package.Value.GetProperty("contentHash").GetString()!))];
    }

    private static string? Version() => XDocument.Load(Checkout.File("Directory.Build.props")).Descendants("Version").Single().Value;
}
