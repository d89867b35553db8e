using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Ampx.FakeGitHub.Accounts;

namespace Ampx.FakeGitHub.Control;

/// <summary>One call that came.</summary>
/// <param name="At">When it came.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path as called.</param>
/// <param name="Query">With its question mark.</param>
/// <param name="Route">The template, e.g. <c>/api/v3/repos/{owner}/{repo}/pulls</c>; null if none matched.</param>
/// <param name="Status">The answer; 0 if the connection was cut.</param>
/// <param name="Token">The secret that it came with, known or not.</param>
public sealed record LoggedRequest(DateTimeOffset At, string Method, string Path, string Query, string? Route, int Status, string? Token);

/// <summary>How often an endpoint was called, and how it answered.</summary>
public sealed record EndpointCount(string Method, string Route, int Status, int Calls);

/// <summary>The calls that came, and what callers did that they must not.</summary>
public sealed class RequestLog
{
    private readonly ConcurrentQueue<LoggedRequest> all = new();
    private readonly ConcurrentQueue<string> violations = new();

    /// <summary>All calls but those to the control surface, oldest first. A call is here before its answer is sent.</summary>
    public IReadOnlyList<LoggedRequest> All => [.. all];

    /// <summary>What no client of GitHub should do, e.g. send its token to the host of the logs.</summary>
    public IReadOnlyList<string> Violations => [.. violations];

    /// <summary>Calls per endpoint and status.</summary>
    public IReadOnlyList<EndpointCount> Counts =>
        [.. all.GroupBy(call => (call.Method, Route: call.Route ?? call.Path, call.Status)).Select(g => new EndpointCount(g.Key.Method, g.Key.Route, g.Key.Status, g.Count()))];

    /// <summary>Calls whose route ends like this, e.g. <c>actions/runs</c>.</summary>
    public int Count(string method, string routeEnd) =>
        all.Count(call => call.Method == method && (call.Route ?? call.Path).EndsWith(routeEnd, StringComparison.Ordinal));

    /// <summary>Forgets all calls and violations.</summary>
    public void Clear()
    {
        all.Clear();
        violations.Clear();
    }

    internal void Violated(string what) => violations.Enqueue(what);

    internal void Add(LoggedRequest call) => all.Enqueue(call);
}

internal static partial class RequestLogMiddleware
{
    /// <summary>Constraints inside a template, e.g. <c>:long</c>: no matter of the caller's.</summary>
    [GeneratedRegex(@":\w+(?=\})|\*\*")]
    private static partial Regex Constraint();

    /// <summary>The route as it is logged and counted.</summary>
    public static string Template(RouteEndpoint route) => Constraint().Replace(route.RoutePattern.RawText!, "");

    public static void UseRequestLog(this WebApplication app, Site site) => app.Use(async (http, next) =>
    {
        if (http.Request.Path.StartsWithSegments("/_control"))
        {
            await next(http);
            return;
        }

        var at = site.Now;
        var path = http.Request.Path.Value!;
        var logged = false;
        http.Response.OnStarting(() => // before the caller can have the answer, so that a test that has it finds it here
        {
            if (!logged) Log(http.Response.StatusCode);
            return Task.CompletedTask;
        });
        try
        {
            await next(http);
        }
        finally
        {
            if (!logged) Log(http.RequestAborted.IsCancellationRequested ? 0 : http.Response.StatusCode);
        }

        void Log(int status)
        {
            logged = true;
            site.Requests.Add(new(at, http.Request.Method, path, http.Request.QueryString.Value ?? "",
                http.GetEndpoint() is RouteEndpoint route ? Template(route) : null, status, AccessTokens.Secret(http.Request.Headers.Authorization)));
        }
    });
}
