namespace Ampx.Silo.Forges;

/// <summary>A forge that couldn't do what was asked; <see cref="Code"/> is one of <see cref="Ampx.Core.Tasks.ErrorCodes"/>, the message is for people.</summary>
public sealed class ForgeException : Exception
{
    public ForgeException(string code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    public ForgeException() { }
    public ForgeException(string message) : base(message) { }
    public ForgeException(string message, Exception inner) : base(message, inner) { }

    /// <summary>The task's error code.</summary>
    public string Code { get; } = Core.Tasks.ErrorCodes.Internal;

    /// <summary>Asking earlier is in vain: the forge's limit is used up until then. Null where that isn't the cause.</summary>
    public DateTimeOffset? RetryAt { get; init; }
}
