using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>Why a server couldn't be reached, in plain words, and what to do about it.</summary>
internal static class NetworkWords
{
    /// <param name="trouble">What the request threw.</param>
    /// <param name="url">Where it went.</param>
    /// <param name="proxy">Through what; null for straight.</param>
    public static (string Detail, string Fix) Of(Exception trouble, Uri url, Uri? proxy)
    {
        var to = proxy is null ? url.Authority : $"{url.Authority} through the proxy {proxy.Authority}";
        var deepest = trouble.GetBaseException();
        var kind = (trouble as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown;
        if (kind is HttpRequestError.NameResolutionError || deepest is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData })
            return ($"the name {proxy?.Host ?? url.Host} can't be resolved (DNS): {deepest.Message}", "Check the name in GitHub:ApiUrl, and this machine's DNS and network; behind a proxy set HTTPS_PROXY for the service.");
        if (kind is HttpRequestError.SecureConnectionError || deepest is AuthenticationException)
            return ($"no trusted TLS connection to {to}: {deepest.Message}", "If the server or a proxy has a certificate of your own authority, add that to the system's certificates, or set SSL_CERT_FILE for the service; check the machine's clock too.");
        if (kind is HttpRequestError.ProxyTunnelError)
            return ($"the proxy {proxy?.Authority} doesn't let the service through to {url.Authority}: {deepest.Message}", "Check HTTPS_PROXY (user and password too) and NO_PROXY in the service's environment.");
        if (trouble is OperationCanceledException or TimeoutException)
            return ($"no answer from {to} in time", "Check the network, firewall and proxy (HTTPS_PROXY); a firewall that drops packets looks like this.");
        return ($"can't connect to {to}: {deepest.Message}", "Check the address in GitHub:ApiUrl, the network, firewall and proxy (HTTPS_PROXY).");
    }
}
