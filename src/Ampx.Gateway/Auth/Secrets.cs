using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Ampx.Gateway.Auth;

/// <summary>What callers show and the service keeps as a hash only: 256 random bits each, so that a plain SHA-256 tells nobody anything.</summary>
internal static class Secrets
{
    /// <summary>A new token, known by its beginning where one is found.</summary>
    public static string Token() => $"ampx_{Text()}";

    public static string Text() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is kept.</summary>
    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
