using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ampx.Core;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Tasks;
using Xunit;

namespace Ampx.Tests.Deploy;

/// <summary>A real service behind a real nginx with <c>deploy/nginx.conf</c>, of which only ports and the certificate's place are others.</summary>
public sealed class ProxyTests : IAsyncDisposable
{
    private const string Public = "https://ampx.example.com";
    private readonly Stage stage = new();
    private Process? nginx;
    private int plain, secure;

    public async ValueTask DisposeAsync()
    {
        nginx?.Kill();
        nginx?.Dispose();
        await stage.DisposeAsync();
    }

    [Fact]
    public async Task People_sign_in_over_TLS_and_streams_come_through_line_by_line()
    {
        var go = Path.Combine(stage.Root, "go");
        stage.Environment["Ampx__Auth__Mode"] = "tokens";
        stage.Environment["Ampx__PublicUrl"] = Public;
        stage.Agent("patient", $"echo first; while [ ! -e {go} ]; do sleep 0.05; done; echo second; echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        await Proxy();
        var token = (await File.ReadAllTextAsync(Path.Combine(stage.Data, "token"))).Trim();
        using var browser = Client();

        var moved = await browser.GetAsync(new Uri("http://ampx.example.com/t/ABCDEF"));
        Assert.Equal((HttpStatusCode.MovedPermanently, $"{Public}/t/ABCDEF"), (moved.StatusCode, moved.Headers.Location?.ToString()));

        // nginx is believed about who asks and how: the cookie goes over TLS only, and the page's own origin may change things with it.
        var session = await browser.PostAsJsonAsync(new Uri($"{Public}/session"), new { token });
        var cookie = session.Headers.GetValues("Set-Cookie").Single();
        Assert.Equal(HttpStatusCode.NoContent, session.StatusCode);
        foreach (var word in new[] { "secure", "httponly", "samesite=strict" }) Assert.Contains(word, cookie, StringComparison.OrdinalIgnoreCase);
        using var order = new HttpRequestMessage(HttpMethod.Post, $"{Public}/api/v1/tasks") { Content = JsonContent.Create(new { repo, prompt = "Write the answer", agent = "patient", ci = "true" }) };
        order.Headers.Add("Cookie", cookie.Split(';')[0]);
        order.Headers.Add("Origin", Public);
        var made = await browser.SendAsync(order);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
        Assert.StartsWith($"{Public}/api/v1/tasks/", made.Headers.Location!.ToString(), StringComparison.Ordinal);

        // What the agent has printed is here while it waits to be let go on.
        using var follow = new HttpRequestMessage(HttpMethod.Get, $"{made.Headers.Location}/logs/stream");
        follow.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var stream = await browser.SendAsync(follow, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync());
        await Line(lines, "\"first\"");
        await File.WriteAllTextAsync(go, "");
        await Line(lines, "\"second\"");
        await Line(lines, "\"success\"");
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(new Uri($"{Public}/"))).StatusCode);
    }

    private static async Task Line(StreamReader lines, string with)
    {
        string? line;
        do line = await lines.ReadLineAsync().WaitAsync(Stage.Patience) ?? throw new EndOfStreamException($"the stream ended before {with}");
        while (!line.Contains(with, StringComparison.Ordinal));
    }

    private async Task Proxy()
    {
        (plain, secure) = (FreePort(), FreePort());
        var folder = Directory.CreateDirectory(Path.Combine(stage.Root, "nginx")).FullName;
        using (var key = RSA.Create(2048))
        using (var certificate = new CertificateRequest("CN=ampx.example.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200)))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "ampx.crt"), certificate.ExportCertificatePem());
            await File.WriteAllTextAsync(Path.Combine(folder, "ampx.key"), key.ExportPkcs8PrivateKeyPem());
        }

        var site = (await File.ReadAllTextAsync(Checkout.File("deploy/nginx.conf")))
            .Replace("listen 443 ", $"listen 127.0.0.1:{secure} ", StringComparison.Ordinal).Replace("listen 80;", $"listen 127.0.0.1:{plain};", StringComparison.Ordinal)
            .Replace("127.0.0.1:8080", new Uri(ServiceFile.Read(stage.Data)!.Url).Authority, StringComparison.Ordinal).Replace("/etc/ssl/", $"{folder}/", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder, "ampx.conf"), site);
        var temporary = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(what => $"{what}_temp_path {folder}/{what}; "));
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), $"daemon off; master_process off; pid {folder}/nginx.pid; events {{}} http {{ access_log off; {temporary} include {folder}/ampx.conf; }}");
        var start = new ProcessStartInfo("nginx", ["-p", folder, "-c", $"{folder}/nginx.conf", "-e", $"{folder}/error.log"]) { RedirectStandardError = true };
        start.Environment["PATH"] += ":/usr/sbin";
        nginx = Process.Start(start)!;
        await Stage.Until(async () =>
        {
            if (nginx.HasExited) throw new InvalidOperationException($"nginx ended: {await nginx.StandardError.ReadToEndAsync()}");
            using var probe = new TcpClient();
            return await probe.ConnectAsync(IPAddress.Loopback, secure).ContinueWith(done => done.IsCompletedSuccessfully, TaskScheduler.Default);
        }, "nginx listens");
    }

    /// <summary>For which the public name is this machine, and its certificate is good.</summary>
    private HttpClient Client()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = async (to, cancel) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, to.DnsEndPoint.Port == 80 ? plain : secure, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.Subject == "CN=ampx.example.com";
        return new HttpClient(handler) { Timeout = Stage.Patience };
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
