using System.Data.Common;
using System.Net.Sockets;
using Ampx.Core.Tasks;
using Ampx.Gateway;
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

    /// <summary>With growing pauses half a minute.</summary>
    private const int Tries = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How long an agent's run waits until what broke is tried again; null: it is given up.</summary>
    /// <param name="failures">Those so far. A database that is away is none, however long: it says nothing of the agent, which may have ended meanwhile and is looked for each second.</param>
    public static TimeSpan? PauseAfter(Exception broken, ref int failures)
    {
        // A call's time is up after half a minute: pause enough.
        if (broken is not TimeoutException && Unreachable.Is(broken)) return Pause;
        return Passes(broken) && ++failures < Tries ? Pause * (1 << failures) : null;
    }

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
