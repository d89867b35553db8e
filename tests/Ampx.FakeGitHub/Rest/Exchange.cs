namespace Ampx.FakeGitHub.Rest;

/// <summary>One call to the API with its answer, as it went over the wire.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">Below <c>/api/v3</c>, e.g. <c>/repos/acme/calc/pulls</c>; <c>/graphql</c> for both of its addresses.</param>
/// <param name="Query">Its parameters.</param>
/// <param name="Body">What was sent; empty if nothing.</param>
/// <param name="Status">The answer's.</param>
/// <param name="Headers">The answer's.</param>
/// <param name="Answer">The answer's body; empty if it has none.</param>
public sealed record Exchange(
    string Method, string Path, IReadOnlyDictionary<string, string> Query, byte[] Body, int Status, IReadOnlyDictionary<string, string> Headers, byte[] Answer);

internal static class ExchangeMiddleware
{
    /// <summary>Shows each call below <c>/api</c> before its answer is sent. What faults do to an answer lies outside.</summary>
    public static void UseObserver(this WebApplication app, Action<Exchange> observe) => app.Use(async (http, next) =>
    {
        if (!http.Request.Path.StartsWithSegments("/api", out var path))
        {
            await next(http);
            return;
        }

        var request = http.Request;
        request.EnableBuffering();
        var asked = new MemoryStream();
        await request.Body.CopyToAsync(asked);
        request.Body.Position = 0;
        var (method, query) = (request.Method, request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()));
        var (sent, answer) = (http.Response.Body, new MemoryStream());
        http.Response.Body = answer;
        try
        {
            await next(http);
        }
        finally
        {
            http.Response.Body = sent;
        }

        // Sends the headers, so that those that are set last are here too. An answer that a fault keeps back is nobody's.
        await http.Response.StartAsync();
        if (!http.Response.HasStarted) return;
        var headers = http.Response.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        observe(new(method, path.StartsWithSegments("/v3", out var below) ? below.Value! : path.Value!, query, asked.ToArray(), http.Response.StatusCode, headers, answer.ToArray()));
        await sent.WriteAsync(answer.ToArray());
    });
}
