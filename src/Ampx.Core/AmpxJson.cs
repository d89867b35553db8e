using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ampx.Core;

/// <summary>The one JSON dialect of Ampx: REST, CLI, stored state and run files all use it.</summary>
public static class AmpxJson
{
    /// <summary>snake_case names and enum values; null is written, so that every documented field is always there.</summary>
    public static JsonSerializerOptions Options { get; } = Configure(new JsonSerializerOptions());

    /// <summary>Makes <paramref name="options"/> speak this dialect.</summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DictionaryKeyPolicy = null;
        options.PropertyNameCaseInsensitive = false;
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        return options;
    }

    /// <summary>The word that <paramref name="value"/> has in JSON, in tables and in logs: <c>WaitingForCi</c> is <c>waiting_for_ci</c>.</summary>
    public static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
