using System.Globalization;

namespace Ampx.FakeGitHub.Rest;

/// <summary>The other host that logs lie on: links are signed, short-lived, and want no token.</summary>
internal static class JobLogs
{
    /// <summary>A link for a minute, at the host name that the caller did not use.</summary>
    public static string Link(RepoCall call, long job)
    {
        var host = call.Call.Http.Request.Host.Host == "127.0.0.1" ? "localhost" : "127.0.0.1";
        var signature = Guid.NewGuid().ToString("N");
        call.Site.LogLinks[signature] = (job, call.Site.Now.AddMinutes(1));
        return $"http://{host}:{call.Site.Port}/_logs/{call.Repository.Id}/{job}?sig={signature}";
    }

    public static void MapJobLogs(this WebApplication app, Site site) => app.MapGet("/_logs/{repository:long}/{job:long}", http =>
    {
        if (http.Request.Headers.Authorization.Count > 0)
        {
            site.Requests.Violated($"A token was sent to the host that logs lie on: {http.Request.Host}{http.Request.Path}");
            return Refuse(http, 400, "InvalidAuthenticationInfo");
        }

        var id = long.Parse((string)http.GetRouteValue("job")!, CultureInfo.InvariantCulture);
        var repository = site.Repositories.Find(long.Parse((string)http.GetRouteValue("repository")!, CultureInfo.InvariantCulture));
        if (!site.LogLinks.TryGetValue(http.Request.Query["sig"].ToString(), out var link) || link.Job != id || link.Until < site.Now)
            return Refuse(http, 403, "AuthenticationFailed");
        if (repository?.Runs.SelectMany(run => run.Jobs).FirstOrDefault(job => job.Id == id)?.Log is not { } log) return Refuse(http, 404, "BlobNotFound");
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(log.ToString());
    });

    private static Task Refuse(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml";
        return http.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
    }
}
