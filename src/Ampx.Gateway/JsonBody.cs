using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ampx.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Ampx.Gateway;

/// <summary>Reads a request's JSON so that every mistake in it is named by its field.</summary>
internal static class JsonBody
{
    private static readonly JsonSerializerOptions Json = new(AmpxJson.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The body as <typeparamref name="T"/>.</summary>
    /// <exception cref="RefusedException">It is no JSON (415, 400), or has fields that are unknown or of a wrong type (400 with errors).</exception>
    public static async Task<T> Read<T>(HttpRequest request, CancellationToken cancel)
    {
        RequireJson(request);
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, Strict, cancel);
            CheckFields(document.RootElement, Json.GetTypeInfo(typeof(T)));
            return document.RootElement.Deserialize<T>(Json)!;
        }
        catch (JsonException e)
        {
            var where = e.LineNumber is { } line ? $" (line {line + 1}, byte {e.BytePositionInLine + 1})" : "";
            throw RefusedException.BadRequest($"the body is not well-formed JSON{where}");
        }
        catch (InvalidOperationException) // a name or text with half a surrogate pair
        {
            throw RefusedException.BadRequest("the body has text that is not valid Unicode");
        }
    }

    private static void RequireJson(HttpRequest request)
    {
        if (request.ContentType is null && request.ContentLength is null or 0 && !request.Headers.ContainsKey(HeaderNames.TransferEncoding))
            throw RefusedException.BadRequest("the body is empty: send a JSON object");
        var utf8 = !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.Charset.HasValue
            || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase);
        if (!request.HasJsonContentType() || !utf8 || request.Headers.ContentEncoding.Count > 0)
            throw RefusedException.MediaType("send plain JSON in UTF-8, with 'Content-Type: application/json'");
    }

    private static void CheckFields(JsonElement body, JsonTypeInfo type)
    {
        if (body.ValueKind is not JsonValueKind.Object) throw RefusedException.BadRequest("the body must be a JSON object");
        var errors = new FieldErrors();
        foreach (var field in body.EnumerateObject())
        {
            var known = type.Properties.FirstOrDefault(property => property.Name == field.Name);
            if (known is null) errors.Add(field.Name, $"is not known here; the fields are {string.Join(", ", type.Properties.Select(property => property.Name))}");
            else if (!Fits(field.Value, known.PropertyType)) errors.Add(field.Name, $"must be {Words(known.PropertyType)}");
            else if (field.Value.ValueKind is JsonValueKind.String && field.Value.GetString()!.Contains('\0')) errors.Add(field.Name, "must not contain the character NUL");
        }

        errors.ThrowIfAny();
    }

    private static bool Fits(JsonElement value, Type type)
    {
        try
        {
            value.Deserialize(type, Json);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private static string Words(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(string) => "text",
        var t when t == typeof(bool) => "true or false",
        var t when t == typeof(int) || t == typeof(long) => "a whole number",
        var t when t == typeof(TimeSpan) => "a duration, hh:mm:ss",
        { IsEnum: true } t => string.Join(" or ", Enum.GetNames(t).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)),
        var t => t.Name,
    };
}
