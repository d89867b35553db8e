namespace Ampx.Silo.Hosting;

/// <summary>The service can't start; the message is the one line that says why and what to do.</summary>
public sealed class StartException : Exception
{
    public StartException() { }
    public StartException(string message) : base(message) { }
    public StartException(string message, Exception inner) : base(message, inner) { }
}
