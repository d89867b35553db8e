using Ampx.Core.Api;
using Ampx.Gateway.Auth;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>The first admin of mode <c>tokens</c>.</summary>
public sealed class FirstTokenTests : IDisposable
{
    private readonly StorageFolder files = new();
    private readonly TokenTable store;

    public FirstTokenTests() => store = new(files.Database);

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_first_start_makes_one_for_its_owner_only_and_says_where()
    {
        await using var host = await Start();
        Assert.Equal($$"""{"name":"{{Environment.UserName}}","role":"admin"}""", (await host.Get("/api/v1/whoami")).Body);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LocalToken.PathIn(host.DataDirectory)));
        Assert.Contains(host.Log.Lines, line => line.Contains(LocalToken.PathIn(host.DataDirectory), StringComparison.Ordinal));
        Assert.DoesNotContain(host.Log.Lines, line => line.Contains(host.Token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_start_that_died_before_it_was_stored_is_made_good_with_the_same_token()
    {
        await using var host = await Start();
        var token = host.Token;
        // The file was there, the row was not.
        await using (var connection = await files.Database.Writer.OpenConnectionAsync())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "DELETE FROM api_token";
            await command.ExecuteNonQueryAsync();
        }

        (await host.Get("/api/v1/whoami")).Problem(401, "unauthorized");
        await Ensure(host);
        Assert.Equal((200, token), ((await host.Get("/api/v1/whoami")).Status, host.Token));
    }

    [Fact]
    public async Task Of_gateways_that_start_at_once_one_makes_it_and_the_others_leave_no_file()
    {
        var hosts = Enumerable.Range(0, 3).Select(_ => new GatewayHost { Tokens = store }).ToList();
        await Task.WhenAll(hosts.Select(host => host.InitializeAsync().AsTask()));
        Assert.Single(await store.All(StorageFolder.Soon));
        Assert.Single(hosts, host => File.Exists(LocalToken.PathIn(host.DataDirectory)));
        foreach (var host in hosts) await host.DisposeAsync();
    }

    [Fact]
    public async Task The_bootstrap_files_token_is_taken_and_none_is_made()
    {
        var given = Path.Combine(files.Folder, "bootstrap");
        await File.WriteAllTextAsync(given, "a-secret-of-the-cluster-0123456789abcdef\n");
        await using var host = new GatewayHost { Tokens = store, More = options => options.BootstrapTokenPath = given };
        await host.InitializeAsync();
        Assert.False(File.Exists(LocalToken.PathIn(host.DataDirectory)));
        Assert.NotNull(await store.Find(Secrets.HashOf("a-secret-of-the-cluster-0123456789abcdef"), StorageFolder.Soon));
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("short", "no token of at least 32 characters")]
    public async Task A_bootstrap_file_without_a_token_stops_the_start(string? text, string words)
    {
        var given = Path.Combine(files.Folder, "bootstrap");
        if (text is not null) await File.WriteAllTextAsync(given, text);
        await using var host = new GatewayHost { Tokens = store, More = options => options.BootstrapTokenPath = given };
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(async () => await host.InitializeAsync());
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Contains("Ampx:Auth:BootstrapTokenPath", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await store.All(StorageFolder.Soon));
    }

    [Fact]
    public async Task Where_no_admins_token_is_good_any_more_a_start_makes_a_new_one_never_an_old_one()
    {
        await using var host = await Start();
        var first = (Assert.Single(await store.All(StorageFolder.Soon)).Id, host.Token);
        await store.Add(IssuedTokens.New("heir", "ada", Role.Admin, TimeSpan.FromDays(1), host.Time.GetUtcNow()), "hash", StorageFolder.Soon);
        Assert.Equal(Revocation.Done, await store.Remove(first.Id, host.Time.GetUtcNow(), StorageFolder.Soon));
        await Ensure(host);
        Assert.Single(await store.All(StorageFolder.Soon));
        host.Time.Advance(TimeSpan.FromDays(1));
        await Ensure(host);
        Assert.NotEqual(first.Token, host.Token);
        Assert.Equal(200, (await GatewayHost.Send(host.Stranger, HttpMethod.Get, "/api/v1/whoami", null, ("Authorization", $"Bearer {host.Token}"))).Status);
        (await host.Get("/api/v1/whoami")).Problem(401, "unauthorized");
    }

    private async Task<GatewayHost> Start()
    {
        var host = new GatewayHost { Tokens = store };
        await host.InitializeAsync();
        return host;
    }

    private static Task Ensure(GatewayHost host) => ((FirstToken)host.Services.GetService(typeof(FirstToken))!).Ensure(StorageFolder.Soon);
}
