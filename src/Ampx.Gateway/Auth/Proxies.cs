using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Ampx.Gateway.Auth;

/// <summary>Which machines may stand between people and the service, and say for whom they ask.</summary>
public static class Proxies
{
    private static readonly string[] Loopback = ["127.0.0.0/8", "::1/128"];

    /// <summary>An address or a network, <c>10.1.2.3</c> or <c>10.0.0.0/8</c>; null if it is neither.</summary>
    public static IPNetwork? Parse(string text) =>
        IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : IPNetwork.TryParse(text, out var network) ? network
        : null;

    internal static ForwardedHeadersOptions Headers(GatewayOptions gateway)
    {
        // Any number of them in a row, as long as each is known.
        var headers = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost, ForwardLimit = null };
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (var from in gateway.ForwardedFrom.Count > 0 ? gateway.ForwardedFrom : Loopback) headers.KnownIPNetworks.Add(Parse(from)!.Value);
        return headers;
    }
}
