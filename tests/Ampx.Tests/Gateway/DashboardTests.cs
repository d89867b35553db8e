using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Dashboard;
using Orleans.Hosting;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>The Orleans Dashboard behind the gateway's lock, over a real silo.</summary>
public sealed class DashboardTests
{
    [Fact]
    public async Task The_dashboard_opens_with_a_sign_in_link_and_not_without()
    {
        var folder = Directory.CreateTempSubdirectory("ampx-dashboard-");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.UseOrleans(silo => silo.UseLocalhostClustering(FreePort(), FreePort()).AddDashboard(dashboard => dashboard.HideTrace = true));
        var tasks = new FakeTasks(TimeProvider.System);
        builder.Services.AddSingleton<ITaskIndex>(tasks).AddSingleton<ITaskChanges>(tasks).AddSingleton<ILogReader>(new FakeLogs(TimeProvider.System)).AddSingleton<IServiceFacts>(new FakeFacts());
        builder.Services.AddAmpxGateway(options => options.DataDirectory = folder.FullName);
        await using (var app = builder.Build())
        {
            app.MapAmpxGateway();
            await app.StartAsync();
            var cookies = new CookieContainer();
            using var browser = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies }) { BaseAddress = new Uri(app.Urls.Single()) };
            browser.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
            foreach (var path in new[] { "/dashboard", "/dashboard/", "/dashboard/index.min.js", "/dashboard/DashboardCounters" })
                Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);

            var page = await browser.GetStringAsync(new Uri($"{app.Services.GetRequiredService<SignInCodes>().New().Path}&to=/dashboard", UriKind.Relative));
            Assert.Contains("Orleans", page, StringComparison.OrdinalIgnoreCase);
            foreach (var asset in page.Split('"', '\'').Where(text => text.EndsWith(".js", StringComparison.Ordinal) || text.EndsWith(".css", StringComparison.Ordinal)))
                Assert.Equal((asset, HttpStatusCode.OK), (asset, (await browser.GetAsync(new Uri(new Uri(browser.BaseAddress!, "/dashboard/"), asset))).StatusCode));
            Assert.Contains("hosts", await browser.GetStringAsync(new Uri("/dashboard/DashboardCounters", UriKind.Relative)), StringComparison.Ordinal);
            await app.StopAsync();
        }

        folder.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
