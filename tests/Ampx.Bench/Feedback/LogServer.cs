using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ampx.Bench.Feedback;

/// <summary>GitHub's two hosts for one job's log, as a process of its own: the API redirects, the other sends. Ends when its standard input does.</summary>
internal static class LogServer
{
    public static async Task<int> Run(string kind, int megabytes)
    {
        var pieces = LongLog.Pieces(kind, megabytes).ToList();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapGet("/api/v3/repos/o/r/actions/jobs/{job:long}/logs", (HttpContext http) =>
            Results.Redirect($"http://localhost:{http.Connection.LocalPort}/log"));
        app.MapGet("/log", async (HttpContext http) =>
        {
            http.Response.ContentType = "text/plain; charset=utf-8";
            http.Response.ContentLength = pieces.Sum(piece => (long)piece.Length);
            foreach (var piece in pieces) await http.Response.Body.WriteAsync(piece, http.RequestAborted);
        });
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port);
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
