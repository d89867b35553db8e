using System.Text.Json.Nodes;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A real service in mode <c>tokens</c>, from its first start on, by the command line.</summary>
public sealed class ManyUsersTests
{
    [Fact]
    public async Task Users_get_tokens_sign_in_work_and_are_shut_out_again()
    {
        await using var stage = new Stage();
        stage.Environment["Ampx__Auth__Mode"] = "tokens";
        stage.Agent("fixer", "cat >/dev/null; echo 42 > answer");
        var repo = await stage.Repository("answer", ("test.sh", "test \"$(cat answer)\" = 42\n"));
        await stage.Up();

        // The machine's own command line finds the first admin's token by itself.
        var made = JsonNode.Parse((await stage.Ampx("token", "create", "laptop", "--user", "ada", "--json")).Out)!;
        var viewer = (await stage.Ampx("token", "create", "board", "--role", "viewer")).Out.Trim();
        var url = ServiceUrl(stage);
        var signedIn = await stage.AmpxReading($"{made["token"]}\n", "login", url);
        Assert.True(signedIn.Code == 0, signedIn.Err);
        Assert.Contains("as ada (member)", signedIn.Out, StringComparison.Ordinal);

        var task = await stage.Start(repo, "Write the answer", "--agent", "fixer", "--ci", "sh test.sh");
        Assert.Equal("ada", task.Owner);
        Assert.Equal(4, (await stage.Ampx("token", "list")).Code);
        Assert.Equal(4, (await stage.Ampx("abort", task.Id, "--token", viewer)).Code);
        Assert.Equal(0, (await stage.Ampx("show", task.Id, "--token", viewer)).Code);
        Assert.Equal(Status.Success, (await stage.Ended(task.Id)).Status);

        // After a kill and a new start the same tokens are good.
        await stage.Kill();
        await stage.Up();
        stage.Environment["AMPX_SERVER"] = ServiceUrl(stage);
        stage.Environment["AMPX_TOKEN"] = made["token"]!.ToString();
        Assert.Equal(0, (await stage.Ampx("ls")).Code);
        var admin = (await File.ReadAllTextAsync(Path.Combine(stage.Data, "token"))).Trim();
        Assert.Equal(0, (await stage.Ampx("token", "revoke", "laptop", "--token", admin)).Code);
        var shut = await stage.Ampx("ls");
        Assert.Equal(4, shut.Code);
        Assert.Contains("revoked", shut.Err, StringComparison.Ordinal);
        Assert.Equal(1, (await stage.Ampx("token", "revoke", "bootstrap", "--token", admin)).Code);
    }

    private static string ServiceUrl(Stage stage) => Core.ServiceFile.Read(stage.Data)!.Url;
}
