using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Ampx.FakeGitHub.Accounts;

/// <summary>A registered App.</summary>
/// <param name="Id">The App's number, <c>iss</c> of its JWT.</param>
/// <param name="PublicKey">PEM of the public (or private) key that signs its JWT.</param>
/// <param name="Permissions">What it asks of those who install it.</param>
public sealed record GitHubApp(long Id, string PublicKey, IReadOnlyDictionary<string, string> Permissions)
{
    private ImmutableList<Installation> installations = [];

    /// <summary>Where it is installed.</summary>
    public IReadOnlyList<Installation> Installations => installations;

    /// <summary>The number of the first installation.</summary>
    public long InstallationId => installations[0].Id;

    /// <summary>Installs it on an account.</summary>
    /// <param name="account">Its login; null stands for every account.</param>
    /// <param name="repositories">Full names of those that were selected; null is all of the account.</param>
    /// <param name="permissions">What was granted; null is all that it asks for.</param>
    public Installation Install(string? account, IReadOnlyList<string>? repositories = null, IReadOnlyDictionary<string, string>? permissions = null)
    {
        var made = new Installation(Ids.Next(), account, repositories, permissions ?? Permissions);
        ImmutableInterlocked.Update(ref installations, list => list.Add(made));
        return made;
    }

    /// <summary>Takes it away.</summary>
    public void Uninstall(Installation installation) => ImmutableInterlocked.Update(ref installations, list => list.Remove(installation));
}

/// <summary>An App on an account.</summary>
public sealed class Installation(long id, string? account, IReadOnlyList<string>? repositories, IReadOnlyDictionary<string, string> permissions)
{
    /// <summary>Its number.</summary>
    public long Id => id;

    /// <summary>The account's login; null stands for every account.</summary>
    public string? Account => account;

    /// <summary>Full names of the repositories that were selected; null is all.</summary>
    public IReadOnlyList<string>? Repositories => repositories;

    /// <summary>What its tokens may do.</summary>
    public IReadOnlyDictionary<string, string> Permissions { get; set; } = permissions;

    /// <summary>Since when the account has it suspended.</summary>
    public DateTimeOffset? SuspendedAt { get; set; }

    /// <summary>It was installed there.</summary>
    public bool Reaches(string fullName) =>
        (account is null || fullName.StartsWith(account + "/", StringComparison.OrdinalIgnoreCase)) &&
        (repositories?.Contains(fullName, StringComparer.OrdinalIgnoreCase) ?? true);
}

/// <summary>Apps: a JWT signed by the App's key buys installation tokens of an hour.</summary>
public sealed class GitHubApps
{
    private readonly ConcurrentDictionary<long, GitHubApp> apps = new();
    private readonly Site site;

    internal GitHubApps(Site site) => this.site = site;

    /// <summary>How long installation tokens are good for: an hour at GitHub.</summary>
    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Registers an App under the number with the key that its JWT will be checked by, and installs it everywhere.</summary>
    public GitHubApp Register(long id, string pem, IReadOnlyDictionary<string, string>? permissions = null)
    {
        var app = RegisterOnly(id, pem, permissions);
        app.Install(null);
        return app;
    }

    /// <summary>Registers an App that nobody has installed yet.</summary>
    public GitHubApp RegisterOnly(long id, string pem, IReadOnlyDictionary<string, string>? permissions = null) =>
        apps[id] = new(id, pem, permissions ?? AccessToken.Everything);

    /// <summary>A new token of the installation, for some of its repositories only if <paramref name="only"/> says so.</summary>
    internal AccessToken IssueToken(Installation installation, IReadOnlyList<string>? only) => site.Tokens.Create(new()
    {
        Login = "ampx[bot]",
        Installation = true,
        Permissions = installation.Permissions,
        Repositories = only ?? installation.Repositories ?? (installation.Account is null ? null : [.. site.Repositories.All.Select(repository => repository.FullName).Where(installation.Reaches)]),
        ExpiresIn = TokenLifetime.TotalSeconds,
    });

    /// <summary>Every installation token dies now, as if its hour were over.</summary>
    /// <returns>How many there were.</returns>
    public int RevokeTokens() => site.Tokens.All.Count(token => token.Installation && site.Tokens.Revoke(token.Value));

    /// <summary>The App whose JWT this is; else null and GitHub's words.</summary>
    internal (GitHubApp? App, string? Refusal) Identify(string? jwt)
    {
        const string Undecodable = "A JSON web token could not be decoded";
        if (jwt?.Split('.') is not [var header, var claims, var signature]) return (null, Undecodable);
        try
        {
            var body = JsonNode.Parse(Decode(claims))!;
            if (!long.TryParse(body["iss"]?.ToString(), out var issuer) || !apps.TryGetValue(issuer, out var app))
                return (null, "Integration not found");
            using var rsa = RSA.Create();
            rsa.ImportFromPem(app.PublicKey);
            var signed = Encoding.ASCII.GetBytes($"{header}.{claims}");
            if (!rsa.VerifyData(signed, Decode(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)) return (null, Undecodable);

            var now = site.Now.ToUnixTimeSeconds();
            var (issued, expires) = (body["iat"]!.GetValue<long>(), body["exp"]!.GetValue<long>());
            if (issued > now) return (null, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
            if (expires <= now || expires > now + 600)
                return (null, "'Expiration time' claim ('exp') is too far in the future");
            return (app, null);
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException or CryptographicException or InvalidOperationException)
        {
            return (null, Undecodable);
        }
    }

    private static byte[] Decode(string base64Url)
    {
        var text = base64Url.Replace('-', '+').Replace('_', '/');
        return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
    }
}
