using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Ampx.FakeGitHub.Accounts;

/// <summary>A registered App with one installation that reaches every repository.</summary>
/// <param name="Id">The App's number, <c>iss</c> of its JWT.</param>
/// <param name="PublicKey">PEM of the public (or private) key that signs its JWT.</param>
/// <param name="Permissions">What its installation tokens may do.</param>
public sealed record GitHubApp(long Id, string PublicKey, IReadOnlyDictionary<string, string> Permissions)
{
    /// <summary>The installation's number.</summary>
    public long InstallationId { get; } = Ids.Next();
}

/// <summary>Apps: a JWT signed by the App's key buys installation tokens of an hour.</summary>
public sealed class GitHubApps
{
    private readonly ConcurrentDictionary<long, GitHubApp> apps = new();
    private readonly Site site;

    internal GitHubApps(Site site) => this.site = site;

    /// <summary>Registers an App under the number with the key that its JWT will be checked by.</summary>
    public GitHubApp Register(long id, string pem, IReadOnlyDictionary<string, string>? permissions = null) =>
        apps[id] = new(id, pem, permissions ?? AccessToken.Everything);

    internal GitHubApp? OfInstallation(long installation) => apps.Values.FirstOrDefault(app => app.InstallationId == installation);

    /// <summary>A new installation token for it.</summary>
    internal AccessToken IssueToken(GitHubApp app) => site.Tokens.Create(new()
    {
        Login = "ampx[bot]",
        Installation = true,
        Permissions = app.Permissions,
        ExpiresIn = 3600,
    });

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
