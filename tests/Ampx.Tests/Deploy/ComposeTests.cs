using System.Text.RegularExpressions;
using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Tasks;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Ampx.Tests.Deploy;

/// <summary>The services of <c>deploy/compose.yaml</c> as processes of this machine, with the environment that it gives them.</summary>
public sealed partial class ComposeTests : IAsyncDisposable
{
    private readonly ClusterStage cluster = new();
    private readonly string secrets = Directory.CreateTempSubdirectory("ampx-secrets-").FullName;

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        Directory.Delete(secrets, recursive: true);
    }

    [Fact]
    public async Task Two_silos_and_a_gateway_carry_a_task()
    {
        var token = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(24));
        await File.WriteAllTextAsync(Path.Combine(secrets, "bootstrap-token"), token + "\n");
        await File.WriteAllTextAsync(Path.Combine(secrets, "pgpass"), "postgres:5432:ampx:ampx:secret\n");
        cluster.Agent("fixer", secrets, "echo 42 > answer");
        var services = Environments();
        var (one, two, gateway) = (Machine(services["silo-1"]), Machine(services["silo-2"]), Machine(services["gateway"]));
        gateway.Environment["AMPX_TOKEN"] = token;
        var repo = await one.Repository("answer", ("README.md", "An answer."));
        await Task.WhenAll(one.Up(), two.Up());
        await gateway.Up();
        gateway.Environment["AMPX_SERVER"] = ServiceFile.Read(gateway.Data)!.Url;
        var (code, output, errors) = await gateway.Ampx("start", "--repo", repo, "--task", "Write the answer", "--agent", "fixer", "--ci", "true", "--json", "--wait");
        Assert.True(code == 0, output + errors);
        Assert.Equal(Status.Success, Stage.Read<Core.Api.TaskView>(output).Status);
        var stats = Stage.Read<Core.Api.ServiceStats>((await gateway.Ampx("stats", "--json")).Out);
        Assert.Equal(2, stats.Workers.Count);
    }

    /// <summary>A machine of this one: other ports, other places, the tests' database.</summary>
    private Stage Machine(IReadOnlyDictionary<string, string> given)
    {
        var machine = cluster.Machine();
        var here = machine.Environment.Keys.Where(name => name.StartsWith("Ampx__Storage__", StringComparison.Ordinal)).ToHashSet();
        foreach (var (name, value) in given.Where(setting => !here.Contains(setting.Key)))
            machine.Environment[name] = name == "Ampx__Cluster__AdvertisedAddress" ? "127.0.0.1" : Variable().Replace(value, "").Replace("/run/secrets", secrets, StringComparison.Ordinal);
        // The password's file is looked for in the same way; the tests' server asks for none.
        machine.Environment["Ampx__Storage__ConnectionString"] += $";Passfile={secrets}/pgpass";
        return machine;
    }

    private static Dictionary<string, Dictionary<string, string>> Environments()
    {
        var services = new Dictionary<string, Dictionary<string, string>>();
        var reader = new DeserializerBuilder().IgnoreUnmatchedProperties().Build();
        var file = reader.Deserialize<ComposeFile>(new MergingParser(new Parser(new StringReader(File.ReadAllText(Checkout.File("deploy/compose.yaml"))))));
        foreach (var (name, service) in file.Services) services[name] = service.Environment;
        return services;
    }

    private sealed class ComposeFile
    {
        [YamlMember(Alias = "services")]
        public Dictionary<string, ComposeService> Services { get; init; } = [];
    }

    private sealed class ComposeService
    {
        [YamlMember(Alias = "environment")]
        public Dictionary<string, string> Environment { get; init; } = [];
    }

    /// <summary>Nobody has set these.</summary>
    [GeneratedRegex(@"\$\{\w+:[-+][^}]*\}")]
    private static partial Regex Variable();
}
