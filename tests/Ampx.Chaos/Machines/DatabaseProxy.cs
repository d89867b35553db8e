using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ampx.Chaos.Machines;

/// <summary>One silo's way to the database, which can be cut: connections are refused and broken, or nothing comes through any more and nobody is told.</summary>
internal sealed class DatabaseProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly ConcurrentDictionary<TcpClient, byte> open = [];
    private readonly int target;
    private readonly Task accepting;
    private volatile TaskCompletionSource? held;
    private volatile bool refuses;

    public DatabaseProxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = Accept();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Breaks what is open and refuses what comes.</summary>
    public void Refuse()
    {
        refuses = true;
        foreach (var client in open.Keys) client.Dispose();
    }

    /// <summary>Holds every byte back: it comes late, when the way is mended.</summary>
    public void Hold() => held ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Mend()
    {
        refuses = false;
        held?.TrySetResult();
        held = null;
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        Mend();
        listener.Stop();
        foreach (var client in open.Keys) client.Dispose();
        await accepting;
        closing.Dispose();
    }

    private async Task Accept()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(closing.Token);
                if (refuses) client.Dispose();
                else _ = Serve(client);
            }
            catch (Exception over) when (over is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // closing, or the caller was gone before it was heard
            }
        }
    }

    private async Task Serve(TcpClient client)
    {
        using var server = new TcpClient();
        (open[client], open[server]) = (0, 0);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, target, closing.Token);
            (client.NoDelay, server.NoDelay) = (true, true);
            await Task.WhenAny(Copy(client.GetStream(), server.GetStream()), Copy(server.GetStream(), client.GetStream()));
        }
        catch (Exception broken) when (IsBreak(broken))
        {
            // the database is down: the caller sees its connection end
        }
        finally
        {
            client.Dispose();
            open.TryRemove(client, out _);
            open.TryRemove(server, out _);
        }
    }

    private async Task Copy(NetworkStream from, NetworkStream to)
    {
        var piece = new byte[16 << 10];
        try
        {
            while (await from.ReadAsync(piece, closing.Token) is > 0 and var count)
            {
                if (held is { } wait) await wait.Task.WaitAsync(closing.Token);
                await to.WriteAsync(piece.AsMemory(0, count), closing.Token);
            }
        }
        catch (Exception broken) when (IsBreak(broken))
        {
            // one side is gone: Serve ends the other
        }
    }

    private static bool IsBreak(Exception broken) => broken is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;
}
