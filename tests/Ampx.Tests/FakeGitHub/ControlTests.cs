using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>What other processes arrange over HTTP.</summary>
public class ControlTests
{
    [Fact]
    public async Task Another_process_arranges_and_looks_over_HTTP()
    {
        await using var forge = await Forge.Start();
        using var control = new HttpClient { BaseAddress = new Uri(forge.Server.WebUrl + "_control/") };

        await Post("repos", """{"full_name":"acme/other","files":{"a.txt":"a"}}""");
        var token = (string)(await Post("tokens", """{"login":"dev","permissions":{"contents":"write","workflows":"write"}}"""))["token"]!;
        await Post("repos/acme/other/scripts", """{"branch":"amp/*","runs":[{"name":"CI","conclusion":"failure","jobs":[{"name":"test","log":"it broke"}]}]}""");
        await Post("faults", """{"path":"*/acme/other.git/info/refs","status":503,"times":1}""");
        var url = forge.Server.GitUrl("acme/other", token);
        Assert.Contains("503", (await Forge.Git(forge.Checkout, "ls-remote", url)).StandardError, StringComparison.Ordinal);
        await Forge.Succeeds(forge.Checkout, "push", "--quiet", url, "main:amp/task");

        var run = Assert.Single((await Get("repos/acme/other/runs")).AsArray())!;
        Assert.Equal("failure", (string)run["conclusion"]!);
        using var patched = await control.PatchAsync(new Uri($"repos/acme/other/runs/{run["id"]}", UriKind.Relative), JsonContent.Create(new { status = "completed", conclusion = "success" }));
        Assert.Equal("success", (string)(await Get("repos/acme/other/runs"))[0]!["conclusion"]!);
        Assert.Equal("refs/heads/amp/task", (string)Assert.Single((await Get("pushes")).AsArray())!["ref"]!);
        Assert.Contains((await Get("counters")).AsArray(), count => (string)count!["route"]! == "/{owner}/{repo}/git-receive-pack");

        async Task<JsonNode> Post(string path, string json)
        {
            using var answer = await control.PostAsync(new Uri(path, UriKind.Relative), new StringContent(json, null, "application/json"));
            return JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!;
        }

        async Task<JsonNode> Get(string path) => JsonNode.Parse(await control.GetStringAsync(new Uri(path, UriKind.Relative)))!;
    }

    [Fact]
    public async Task An_App_buys_a_token_with_its_signed_claims()
    {
        await using var forge = await Forge.Start();
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var app = forge.Server.Site.Apps.Register(77, key.ExportRSAPrivateKeyPem());
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        Assert.Equal(401, (await Buy(expires: now + 3600)).Status);
        var (status, body) = await Buy(expires: now + 540);
        Assert.Equal(201, status);
        await Forge.Succeeds(forge.Checkout, "ls-remote", forge.Server.GitUrl(Forge.Name, (string)body!["token"]!));

        Task<(int Status, JsonNode? Body)> Buy(long expires)
        {
            var signed = $"{Encode("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Encode(System.Text.Encoding.UTF8.GetBytes($$"""{"iss":77,"iat":{{now - 60}},"exp":{{expires}}}"""))}";
            var signature = key.SignData(System.Text.Encoding.ASCII.GetBytes(signed), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
            forge.Client.DefaultRequestHeaders.Authorization = new("Bearer", $"{signed}.{Encode(signature)}");
            return forge.Send(HttpMethod.Post, $"/api/v3/app/installations/{app.InstallationId}/access_tokens");
        }

        static string Encode(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }
}
