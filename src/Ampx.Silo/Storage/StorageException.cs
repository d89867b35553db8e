namespace Ampx.Silo.Storage;

/// <summary>Storage can't be used; the message is one line for the person who runs the service.</summary>
public sealed class StorageException(string message, Exception inner) : Exception(message, inner);
