using System.Data.Common;
using System.Net.Sockets;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Ampx.Gateway;

/// <summary>Which failures say only that the database or the silos can't be reached just now. They come as they are, or wrapped and reworded by a grain call.</summary>
public static class Unreachable
{
    /// <summary>SQLSTATEs that begin so: no connection, no resources, a server that shuts down or starts up.</summary>
    private static readonly string[] Passing = ["08", "53", "57P"];

    /// <summary>True if trying again in a while may help.</summary>
    public static bool Is(Exception? failure) => failure switch
    {
        null => false,
        OrleansMessageRejectionException or SiloUnavailableException or Orleans.Runtime.Messaging.ConnectionFailedException => true,
        TimeoutException or DbException { IsTransient: true } => true,
        // The forge's trouble with the network is another matter than the database's, whose host may have no name while it is down.
        HttpRequestException => false,
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } => true,
        // PostgreSQL's server closes its connections with an error of its own.
        DbException { SqlState: { } state } when IsPassing(state) => true,
        // What can't be carried over the network keeps its type's name and its words, of which the SQLSTATE is the first.
        UnavailableExceptionFallbackException { ExceptionType: { } type, Message: var words } when type.Contains("Npgsql.", StringComparison.Ordinal) =>
            !type.Contains("PostgresException", StringComparison.Ordinal) || IsPassing(words),
        _ => Is(failure.InnerException),
    };

    private static bool IsPassing(string state) => Passing.Any(start => state.StartsWith(start, StringComparison.Ordinal));
}
