using System.Text.Json;
using Ampx.Core;
using Orleans.Storage;

namespace Ampx.Silo.Storage;

/// <summary>Grain state in the one JSON dialect of Ampx, the same that the database looks into.</summary>
public sealed class GrainJson : IGrainStorageSerializer
{
    /// <inheritdoc/>
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, AmpxJson.Options));

    /// <inheritdoc/>
    public T? Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input.ToMemory().Span, AmpxJson.Options);
}
