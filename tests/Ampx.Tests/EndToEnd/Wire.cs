using System.Globalization;
using System.Net.Sockets;

namespace Ampx.Tests.EndToEnd;

/// <summary>Connections to a service whose sockets hold as much, or as little, as the test wants.</summary>
internal sealed class Wire : IDisposable
{
    private readonly List<Socket> sockets = [];

    /// <param name="service">Its address.</param>
    /// <param name="token">Signs in.</param>
    /// <param name="receive">How much the system takes in for a reader that doesn't read.</param>
    public Wire(Uri service, string token, int receive = 64 * 1024)
    {
        Client = new HttpClient(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = int.MaxValue,
            ConnectCallback = async (to, cancel) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = receive };
                lock (sockets) sockets.Add(socket);
                await socket.ConnectAsync(to.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = service, Timeout = Timeout.InfiniteTimeSpan };
        Client.DefaultRequestHeaders.Authorization = new("Bearer", token);
    }

    public HttpClient Client { get; }

    /// <summary>From now on as much as usual.</summary>
    public void Widen()
    {
        lock (sockets)
        {
            foreach (var socket in sockets) socket.ReceiveBufferSize = 256 * 1024;
        }
    }

    public void Dispose() => Client.Dispose();
}

/// <summary>What the system knows of a service's connections.</summary>
internal static class Sockets
{
    /// <summary>Bytes that the service on <paramref name="port"/> has handed to the system and nobody has taken yet.</summary>
    public static long Unsent(int port) => File.ReadLines("/proc/net/tcp").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal)).Sum(fields => long.Parse(fields[4].Split(':')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
