using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Ampx.FakeGitHub.Accounts;

/// <summary>The tokens that are known.</summary>
public sealed class AccessTokens
{
    private readonly ConcurrentDictionary<string, AccessToken> known = new(StringComparer.Ordinal);
    private readonly Site site;

    internal AccessTokens(Site site) => this.site = site;

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<AccessToken> All => [.. known.Values];

    /// <summary>Makes a token, or replaces the one of the same value.</summary>
    public AccessToken Create(TokenSpec spec)
    {
        var token = new AccessToken(spec, site.Now);
        return known[token.Value] = token;
    }

    /// <summary>From now on refused.</summary>
    public bool Revoke(string value) => known.TryRemove(value, out _);

    /// <summary>The token of that value, unless it has expired.</summary>
    public AccessToken? Find(string value) =>
        known.TryGetValue(value, out var token) && !(token.ExpiresAt <= site.Now) ? token : null;

    /// <summary>The secret in an Authorization header (Bearer, token or Basic), known or not; null if there is none.</summary>
    internal static string? Secret(StringValues authorization)
    {
        if (authorization.ToString().Split(' ', 2) is not [var scheme, var value]) return null;
        if (!scheme.Equals("basic", StringComparison.OrdinalIgnoreCase)) return value.Trim();
        try
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(value)).Split(':', 2);
            return pair is [_, { Length: > 0 } password] ? password : pair[0];
        }
        catch (FormatException)
        {
            return value;
        }
    }
}
