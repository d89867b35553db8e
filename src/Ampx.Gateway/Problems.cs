using System.Diagnostics;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Secrecy;
using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway;

/// <summary>The one place where a failure becomes problem details (RFC 9457). Nothing of an exception but our own words leaves the service.</summary>
internal sealed partial class Problems(IOptions<GatewayOptions> options, ILogger<Problems> log) : IExceptionHandler
{
    /// <summary>Seconds: a silo that was killed is replaced sooner.</summary>
    private const string RetryAfter = "5";

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancel)
    {
        if (http.Response.HasStarted) return false;
        await Write(http, exception switch
        {
            RefusedException no => new("", "", no.Status, no.Message, no.Code, null, no.Errors, no.Candidates),
            BadHttpRequestException { StatusCode: 413 } => For(http, StatusCodes.Status413PayloadTooLarge),
            BadHttpRequestException bad => For(http, bad.StatusCode),
            _ when Unreachable.Is(exception) || !options.Value.HasSilos() => Away(http, exception),
            _ => Unexpected(http, exception),
        });
        return true;
    }

    /// <summary>Gives words to an answer that is a status only: no such route, wrong method, not signed in.</summary>
    public static Task ForEmptyAnswer(StatusCodeContext context) => Write(context.HttpContext, For(context.HttpContext, context.HttpContext.Response.StatusCode));

    /// <summary>Answers with <paramref name="problem"/>; its type, title and trace id are filled in here.</summary>
    public static Task Write(HttpContext http, Problem problem)
    {
        http.Response.StatusCode = problem.Status;
        return http.Response.WriteAsJsonAsync(
            problem with { Detail = http.RequestServices.GetService<Redactor>()?.Mask(problem.Detail) ?? problem.Detail, Type = $"urn:ampx:error:{problem.Code}", Title = TitleOf(problem.Code), TraceId = TraceOf(http) },
            AmpxJson.Options, "application/problem+json", CancellationToken.None);
    }

    /// <summary>The request has taken longer than <paramref name="limit"/>.</summary>
    public static Task WriteLate(HttpContext http, TimeSpan limit)
    {
        http.Response.Headers.RetryAfter = RetryAfter;
        return Write(http, For(http, StatusCodes.Status503ServiceUnavailable) with
        {
            Detail = $"the service wasn't done with this after {limit.TotalSeconds:0.#} s and has given up; what was stored by then is safe: look, and try again",
        });
    }

    /// <summary>What a bare status means.</summary>
    public static Problem For(HttpContext http, int status)
    {
        var (code, detail) = status switch
        {
            400 => ("bad_request", "the request can't be understood"),
            401 => ("unauthorized", http.Items[AmpxAuthentication.WhyNot] as string ?? "sign in first: send the service's token as 'Authorization: Bearer TOKEN'"),
            403 => ("forbidden", "this is not allowed"),
            404 => ("not_found", $"there is nothing at {http.Request.Path}"),
            405 => ("method_not_allowed", $"{http.Request.Path} takes {http.Response.Headers.Allow}, not {http.Request.Method}"),
            408 => ("request_timeout", "the request came too slowly"),
            413 => ("too_large", $"a request body is at most {GatewaySetup.MaxBody / 1024} KiB"),
            415 => ("unsupported_media_type", "send JSON, with 'Content-Type: application/json'"),
            429 => ("too_many_requests", "too many requests: wait a little"),
            503 => ("unavailable", "the service can't reach its database or its silos now; nothing that was stored is lost: try again in a moment"),
            507 => ("internal", "the disk under the service's data folder is full, so this could not be stored: free some space and try again; what was stored is safe"),
            >= 500 => ("internal", "something went wrong in the service; its log has the trace id"),
            _ => ("bad_request", $"the request was refused with status {status}"),
        };
        return new("", "", status, detail, code);
    }

    private Problem Away(HttpContext http, Exception exception)
    {
        LogAway(http.Request.Method, http.Request.Path, TraceOf(http), exception.GetBaseException().Message.ReplaceLineEndings(" "));
        http.Response.Headers.RetryAfter = RetryAfter;
        return For(http, StatusCodes.Status503ServiceUnavailable);
    }

    private Problem Unexpected(HttpContext http, Exception exception)
    {
        LogUnexpected(exception, http.Request.Method, http.Request.Path, TraceOf(http));
        if (Says(exception, "disk is full", "No space left on device")) return For(http, StatusCodes.Status507InsufficientStorage);
        var problem = For(http, StatusCodes.Status500InternalServerError);
        return Says(exception, "database disk image is malformed", "file is not a database")
            ? problem with { Detail = "the database is damaged: 'ampx doctor' says where; stop the service and restore a backup ('ampx admin restore')" }
            : problem;
    }

    /// <summary>By its words: SQLite's exception arrives here wrapped by the grain call.</summary>
    private static bool Says(Exception? exception, params ReadOnlySpan<string> words)
    {
        for (; exception is not null; exception = exception.InnerException)
            foreach (var word in words)
                if (exception.Message.Contains(word, StringComparison.Ordinal)) return true;
        return false;
    }

    private static string TraceOf(HttpContext http) => Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;

    /// <summary><c>not_mergeable</c> reads "Not mergeable".</summary>
    private static string TitleOf(string code) => string.Concat(char.ToUpperInvariant(code[0]).ToString(), code[1..].Replace('_', ' '));
}
