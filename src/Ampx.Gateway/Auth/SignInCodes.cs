using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Ampx.Core.Api;

namespace Ampx.Gateway.Auth;

/// <summary>Codes of mode <c>local</c> that sign a browser in: each works once, for 60 seconds, in the process that made it.</summary>
public sealed class SignInCodes(TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, (Caller Caller, DateTimeOffset Until)> codes = new(StringComparer.Ordinal);

    /// <summary>A link for <paramref name="caller"/>; without one for the person who runs the service.</summary>
    public SignInLink New(Caller? caller = null)
    {
        foreach (var old in codes.Where(code => code.Value.Until <= time.GetUtcNow())) codes.TryRemove(old);
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        codes[code] = (caller ?? LocalUser.Caller, time.GetUtcNow() + Lifetime);
        return new(code, PathOf(code));
    }

    /// <summary>Where the code is taken.</summary>
    internal static string PathOf(string code) => $"/signin?code={code}";

    /// <summary>Takes the code; null if it was never given, is used, or is too old.</summary>
    internal Caller? Take(string code) =>
        codes.TryRemove(code, out var found) && time.GetUtcNow() < found.Until ? found.Caller : null;
}
