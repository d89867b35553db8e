using System.Data.Common;
using System.Net.Sockets;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Git;
using Orleans.Runtime;

namespace Ampx.Silo;

/// <summary>What an exception that a step didn't foresee means to its task.</summary>
internal static class Trouble
{
    /// <summary>A full disk, a dead network, a busy database or a silo that goes away: the same step may work in a while.</summary>
    public static bool Passes(Exception broken) => broken
        is GitException or IOException or UnauthorizedAccessException or TimeoutException or HttpRequestException or OperationCanceledException or DbException or SocketException or OrleansException
        or RemoteException { Passing: true };

    /// <summary>What a task is told of a step that broke: that it failed, or how long the forge takes no more calls.</summary>
    public static TaskEvent NewsOf(Exception broken, string passing) => broken is ForgeException { RetryAt: { } until }
        ? new RateLimited(until, broken.Message)
        : new StepFailed(CodeOf(broken, passing), broken.Message);

    /// <summary>The code it is told with; <paramref name="passing"/> where it passes and has none of its own, <c>internal</c> where it is our own fault.</summary>
    public static string CodeOf(Exception broken, string passing) => broken switch
    {
        RemoteException remote => remote.Code,
        ForgeException forge => forge.Code,
        _ => Passes(broken) ? passing : ErrorCodes.Internal,
    };
}
