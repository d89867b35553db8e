using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ampx.FakeGitHub.Rest;

/// <summary>What an endpoint says: a status, JSON in GitHub's shape, and headers. Answers of 200 to GET carry an ETag.</summary>
internal sealed record Answer(int Status, object? Body = null)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Further headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    public static Answer Ok(object body) => new(200, body);

    public static Answer Created(object body) => new(201, body);

    public static Answer NoContent { get; } = new(204);

    public static Answer NotFound { get; } = Error(404, "Not Found");

    /// <summary>GitHub's error document.</summary>
    public static Answer Error(int status, string message, params object[] errors) => new(status, errors.Length == 0
        ? new { message, documentation_url = "https://docs.github.com/rest", status = $"{status}" }
        : new { message, errors, documentation_url = "https://docs.github.com/rest", status = $"{status}" });

    /// <summary>422 with one reason.</summary>
    public static Answer Invalid(string resource, string? field, string code, string? message = null) =>
        Error(422, "Validation Failed", new[] { ("resource", resource), ("field", field), ("code", code), ("message", message) }
            .Where(pair => pair.Item2 is not null).ToDictionary(pair => pair.Item1, pair => pair.Item2));

    /// <summary>One page of a list, with Link headers; <paramref name="wrap"/> makes the body of the page and the total.</summary>
    public static Answer Page<T>(HttpContext http, IReadOnlyCollection<T> all, Func<IEnumerable<object>, int, object> wrap, Func<T, object> shape)
    {
        var size = Math.Clamp(Number("per_page", 30), 1, 100);
        var page = Math.Max(1, Number("page", 1));
        var last = Math.Max(1, (all.Count + size - 1) / size);
        var links = new List<string>();
        if (page > 1) links.AddRange([Link(page - 1, "prev"), Link(1, "first")]);
        if (page < last) links.AddRange([Link(page + 1, "next"), Link(last, "last")]);
        var body = wrap([.. all.Skip((page - 1) * size).Take(size).Select(shape)], all.Count);
        return Ok(body) with { Headers = links.Count == 0 ? new() : new Dictionary<string, string> { ["Link"] = string.Join(", ", links) } };

        int Number(string name, int otherwise) => int.TryParse(http.Request.Query[name], out var number) ? number : otherwise;

        string Link(int number, string rel)
        {
            var query = http.Request.Query.Where(p => p.Key != "page").Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value.ToString())}");
            var request = http.Request;
            return $"<{request.Scheme}://{request.Host}{request.Path}?{string.Join('&', [.. query, $"page={number}"])}>; rel=\"{rel}\"";
        }
    }

    /// <summary>Writes it.</summary>
    public async Task Write(HttpContext http)
    {
        var response = http.Response;
        response.StatusCode = Status;
        foreach (var (name, value) in Headers) response.Headers[name] = value;
        if (Body is null) return;

        var bytes = JsonSerializer.SerializeToUtf8Bytes(Body, Json);
        response.ContentType = "application/json; charset=utf-8";
        if (Status == 200 && HttpMethods.IsGet(http.Request.Method))
        {
            var tag = $"W/\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\"";
            response.Headers.ETag = tag;
            response.Headers.CacheControl = "private, max-age=60, s-maxage=60";
            if (http.Request.Headers.IfNoneMatch.ToString().Contains(tag[2..], StringComparison.Ordinal))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                response.ContentType = null;
                return;
            }
        }

        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes);
    }
}
