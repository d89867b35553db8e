using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Ampx.Gateway.Auth;

namespace Ampx.Gateway;

/// <summary>How many streams each token has open on this gateway.</summary>
internal sealed class StreamSlots(IOptions<GatewayOptions> options)
{
    private const string RetryAfter = "5";
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> open = new(StringComparer.Ordinal);

    /// <summary>A stream's place, until it is disposed.</summary>
    /// <exception cref="RefusedException">429: there is none left.</exception>
    public IDisposable Take(HttpContext http)
    {
        if (options.Value.Streams is not { } most) return new Slot(() => { });
        var token = Token(http);
        lock (gate)
        {
            var count = open.GetValueOrDefault(token);
            if (count >= most)
            {
                http.Response.OnStarting(() =>
                {
                    http.Response.Headers.RetryAfter = RetryAfter;
                    return Task.CompletedTask;
                });
                throw RefusedException.ManyStreams(most);
            }

            open[token] = count + 1;
        }

        return new Slot(() => GiveBack(token));
    }

    private void GiveBack(string token)
    {
        lock (gate)
        {
            if (open[token] > 1) open[token]--;
            else open.Remove(token);
        }
    }

    /// <summary>The bearer's token, hashed: nothing here keeps one. A browser's session counts as its user.</summary>
    private static string Token(HttpContext http) => http.Request.Headers.Authorization.ToString() is { Length: > 0 } bearer
        ? Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(bearer)))
        : http.Caller().Name;

    private sealed class Slot(Action giveBack) : IDisposable
    {
        private Action? left = giveBack;

        public void Dispose() => Interlocked.Exchange(ref left, null)?.Invoke();
    }
}
