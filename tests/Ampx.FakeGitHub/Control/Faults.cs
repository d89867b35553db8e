using System.Collections.Immutable;
using System.IO.Enumeration;
using Ampx.FakeGitHub.Accounts;

namespace Ampx.FakeGitHub.Control;

/// <summary>A failure to come, for calls that match.</summary>
public sealed record Fault
{
    /// <summary>The HTTP method; null is any.</summary>
    public string? Method { get; init; }

    /// <summary>The path, with <c>*</c> for anything, e.g. <c>*/actions/runs*</c>; git's paths too.</summary>
    public string Path { get; init; } = "*";

    /// <summary>Calls that it still meets; null is all.</summary>
    public int? Times { get; init; } = 1;

    /// <summary>Calls that pass before it begins.</summary>
    public int Skip { get; init; }

    /// <summary>The answer's status; 0: the call is served after the delay.</summary>
    public int Status { get; init; }

    /// <summary>The answer's body; GitHub's error document if not given.</summary>
    public string? Body { get; init; }

    /// <summary>The answer's headers, e.g. <c>retry-after</c>.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Milliseconds before anything else.</summary>
    public int DelayMs { get; init; }

    /// <summary>The connection is cut instead of an answer.</summary>
    public bool Reset { get; init; }

    /// <summary>The token that the call brings dies just before: the call is served, and refused.</summary>
    public bool RevokeToken { get; init; }

    /// <summary>The connection is cut after the call was carried out: the caller can't know.</summary>
    public bool ResetAfter { get; init; }
}

/// <summary>Failures to come, first come first served.</summary>
public sealed class Faults
{
    private readonly Lock gate = new();
    private ImmutableList<Fault> waiting = [];

    /// <summary>Those not yet used up.</summary>
    public IReadOnlyList<Fault> Waiting => waiting;

    /// <summary>Adds one.</summary>
    public void Add(Fault fault)
    {
        lock (gate) waiting = waiting.Add(fault);
    }

    /// <summary>Takes all away.</summary>
    public void Clear()
    {
        lock (gate) waiting = [];
    }

    internal Fault? Take(string method, string path)
    {
        lock (gate)
        {
            var fault = waiting.Find(one => (one.Method is null || one.Method.Equals(method, StringComparison.OrdinalIgnoreCase)) &&
                FileSystemName.MatchesSimpleExpression(one.Path, path));
            if (fault is null) return null;
            if (fault.Skip > 0)
            {
                waiting = waiting.Replace(fault, fault with { Skip = fault.Skip - 1 });
                return null;
            }

            waiting = fault.Times switch
            {
                null => waiting,
                <= 1 => waiting.Remove(fault),
                { } times => waiting.Replace(fault, fault with { Times = times - 1 }),
            };
            return fault;
        }
    }
}

internal static class FaultMiddleware
{
    public static void UseFaults(this WebApplication app, Site site) => app.Use(async (http, next) =>
    {
        var path = http.Request.Path.Value!;
        if (path.StartsWith("/_control", StringComparison.Ordinal) || site.Faults.Take(http.Request.Method, path) is not { } fault)
        {
            await next(http);
            return;
        }

        if (fault.DelayMs > 0) await Task.Delay(TimeSpan.FromMilliseconds(fault.DelayMs), site.Time, http.RequestAborted);
        if (fault.RevokeToken && AccessTokens.Secret(http.Request.Headers.Authorization) is { } secret) site.Tokens.Revoke(secret);
        if (fault.ResetAfter)
        {
            var kept = http.Response.Body;
            http.Response.Body = Stream.Null;
            await next(http);
            http.Response.Body = kept;
        }

        if (fault.Reset || fault.ResetAfter)
        {
            http.Abort();
            return;
        }

        if (fault.Status == 0)
        {
            await next(http);
            return;
        }

        http.Response.StatusCode = fault.Status;
        foreach (var (name, value) in fault.Headers ?? new Dictionary<string, string>()) http.Response.Headers[name] = value;
        if (fault.Body is not null)
        {
            http.Response.ContentType ??= "application/json; charset=utf-8";
            await http.Response.WriteAsync(fault.Body);
            return;
        }

        await Rest.Answer.Error(fault.Status, fault.Status >= 500 ? "Server Error" : "Forced by the test").Write(http);
    });
}
