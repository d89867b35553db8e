using System.Net.Http.Headers;
using Ampx.Core.Api;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>A gateway in mode <c>tokens</c> over a real database, and callers of every kind.</summary>
public sealed class TokenGateway : IAsyncLifetime
{
    private readonly StorageFolder files = new();
    private readonly List<GatewayHost> hosts = [];

    internal GatewayHost Host => hosts[0];
    internal ITokenStore Store { get; }

    public TokenGateway() => Store = new TokenTable(files.Database);

    public async ValueTask InitializeAsync() => await Another(options => options.RateLimit = (100_000, 100_000));

    /// <summary>One more gateway on the same tokens.</summary>
    internal async Task<GatewayHost> Another(Action<GatewayOptions>? more = null)
    {
        var host = new GatewayHost { Tokens = Store, More = more };
        hosts.Add(host);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>A token as its holder has it.</summary>
    internal async Task<(string Id, string Secret)> Issue(string user, Role role, TimeSpan? expiresIn = null)
    {
        var secret = Secrets.Token();
        var token = IssuedTokens.New("test", user, role, expiresIn, Host.Time.GetUtcNow());
        await Store.Add(token, Secrets.HashOf(secret), StorageFolder.Soon);
        return (token.Id, secret);
    }

    internal async Task<string> Revoked()
    {
        var (id, secret) = await Issue("bob", Role.Admin);
        Assert.Equal(Revocation.Done, await Store.Remove(id, Host.Time.GetUtcNow(), StorageFolder.Soon));
        return secret;
    }

    internal async Task<string> Expired()
    {
        var (_, secret) = await Issue("eve", Role.Admin, TimeSpan.FromMinutes(1));
        Host.Time.Advance(TimeSpan.FromMinutes(1));
        return secret;
    }

    /// <summary>A call with this token, and with nothing else that the service knows.</summary>
    internal Task<Answer> Send(string? secret, HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers) =>
        GatewayHost.Send(Host.Stranger, method, path, json, secret is null ? headers : [.. headers, ("Authorization", new AuthenticationHeaderValue("Bearer", secret).ToString())]);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in hosts) await host.DisposeAsync();
        files.Dispose();
    }
}
