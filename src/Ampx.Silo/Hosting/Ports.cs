using System.Net;
using System.Net.Sockets;

namespace Ampx.Silo.Hosting;

/// <summary>Where a service may listen, looked at before anything is started.</summary>
internal static class Ports
{
    /// <exception cref="StartException">An address that the gateway doesn't take.</exception>
    public static void CheckUrls(string urls, bool anywhere)
    {
        foreach (var url in Each(urls))
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != "http" || uri.PathAndQuery != "/")
                throw new StartException($"Ampx:Urls is '{url}', which is no http URL such as http://127.0.0.1:8080 (https and a path are a reverse proxy's work)");
            if (!uri.IsLoopback && !anywhere) throw new StartException($"Ampx:Urls is '{url}': with Auth:Mode local the service listens on loopback only (127.0.0.1, localhost); set Ampx:Auth:Mode to tokens to be reached from elsewhere");
        }
    }

    /// <exception cref="StartException">Another program has a port, or the system gives it to nobody like us.</exception>
    public static void Check(string urls)
    {
        foreach (var uri in Each(urls).Select(url => new Uri(url)).Where(uri => uri.Port != 0))
        {
            var address = IPAddress.TryParse(uri.DnsSafeHost, out var given) ? given : IPAddress.Loopback;
            switch (WhyNot(new(address, uri.Port)))
            {
                case { SocketErrorCode: SocketError.AddressAlreadyInUse } taken:
                    throw InUse(uri.GetLeftPart(UriPartial.Authority), taken);
                case { } refused:
                    throw new StartException($"can't listen on {uri.GetLeftPart(UriPartial.Authority)} ({refused.Message}): give another port with --port (ports below 1024 need root)", refused);
            }
        }
    }

    /// <exception cref="StartException">A port of the cluster can't be had; <paramref name="key"/> names it.</exception>
    public static void Check(IPEndPoint place, string key)
    {
        if (WhyNot(place) is not { } trouble) return;
        var why = trouble.SocketErrorCode is SocketError.AddressAlreadyInUse ? "is in use by another process" : $"can't be listened on ({trouble.Message})";
        throw new StartException($"{key} is {place.Port}, but {place} {why}: give each service on a machine its own {key}", trouble);
    }

    public static StartException InUse(string url, Exception cause) =>
        new($"{url} is in use by another program: give another port with --port (0 takes any free one)", cause);

    /// <summary>One of loopback's that nobody listens on.</summary>
    public static int Free()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static SocketException? WhyNot(IPEndPoint place)
    {
        using var probe = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(place);
            probe.Listen();
            return null;
        }
        catch (SocketException trouble)
        {
            return trouble;
        }
    }

    /// <summary>An address by which this machine reaches a gateway that listens on all of its own.</summary>
    public static string Reachable(string url) => new Uri(url) is var at && IPAddress.TryParse(at.DnsSafeHost, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        ? $"{at.Scheme}://{(address.Equals(IPAddress.Any) ? "127.0.0.1" : "[::1]")}:{at.Port}"
        : url;

    public static string[] Each(string urls) => urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
