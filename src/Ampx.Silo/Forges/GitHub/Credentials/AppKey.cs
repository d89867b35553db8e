using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>
/// A GitHub App's number and private key, and the JSON web tokens that it signs with it
/// (https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
/// </summary>
public sealed class AppKey : IDisposable
{
    /// <summary>The clock may be a minute ahead of GitHub's.</summary>
    private static readonly TimeSpan Back = TimeSpan.FromSeconds(60);

    /// <summary>GitHub allows ten minutes; the rest is for a clock that is ahead.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(8);
    private readonly RSA _key;
    private readonly SigningCredentials _signing;
    private readonly JsonWebTokenHandler _tokens = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly Lock _gate = new();

    private AppKey(string appId, RSA key)
    {
        (AppId, _key) = (appId, key);
        _signing = new(new RsaSecurityKey(key), SecurityAlgorithms.RsaSha256);
    }

    /// <summary>The App's number, or its client ID.</summary>
    public string AppId { get; }

    /// <summary>Reads the PEM file that GitHub gave out for the App.</summary>
    /// <exception cref="ArgumentException">It isn't an RSA private key.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The service's user may not read it.</exception>
    public static AppKey Read(string appId, string file)
    {
        var pem = File.ReadAllText(file);
        var key = RSA.Create();
        try
        {
            key.ImportFromPem(pem);
            key.SignData([0], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); // a public key alone can be imported too
            return new(appId, key);
        }
        catch (Exception wrong) when (wrong is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new ArgumentException("it isn't an RSA private key in PEM form, without a password", wrong);
        }
    }

    /// <summary>A token that says "I am the App" for some minutes around <paramref name="now"/>, GitHub's time.</summary>
    public string Sign(DateTimeOffset now)
    {
        var claims = new SecurityTokenDescriptor { Issuer = AppId, IssuedAt = (now - Back).UtcDateTime, Expires = (now + Ahead).UtcDateTime, SigningCredentials = _signing };
        lock (_gate) return _tokens.CreateToken(claims);
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
