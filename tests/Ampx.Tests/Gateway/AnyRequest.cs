using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>One request of any kind that HTTP itself allows.</summary>
internal sealed record AnyRequest(string Method, string Path, string Query, IReadOnlyList<(string Name, string Value)> Headers, string? ContentType, byte[] Body)
{
    private static readonly string[] Odd =
    [
        "", "%", "%25", "%ff", "%C0%AF", "..", "..%2f..%2fetc%2fpasswd", "7", "01", "' or 1=1 --", "*", "_", "~", "🙂", "%F0%9F%99%82", new('9', 40), "-5", "1e9", "queued", "queued,success", "10m", "2026-05-04T12:00:00Z",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "999999999d", "true", "null", "{}", "\"1\"", "W/\"1\"", "me", "all", "agent,git", new('A', 26), new('Z', 26), new('x', 3000), "a%0d%0aX-Injected:%20yes", "%u0000", "\\", "[::1]",
    ];

    private static readonly string[] Fields =
    [
        "repo", "prompt", "base", "agent", "max_attempts", "max_tokens", "max_time", "ci", "draft", "auto_merge", "issue", "action", "method", "delete_branch", "auto", "force", "token", "repair", "name", "role", "Repo", "", "x",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1.5", "1e999", "99999999999999999999", "\"\"", "\" \"", "\"continue\"", "\"abort\"", "\"merge\"", "\"squash\"", "\"00:00:01\"", "\"-10675199.02:48:05\"", "\"99999999.00:00:00\"",
        "\"acme/shop\"", "\"/nowhere\"", "\"--upload-pack=x\"", "\"ext::sh -c x\"", "\"\\u0000\"", "\"\\ud800\"", "\"🙂\"", "[]", "[[1]]", "{}", "{\"a\":{\"b\":[]}}", "\"2026-01-01\"", "\"amp\"", "\"nobody\"",
    ];

    private static readonly string[] Headed =
        ["If-Match", "If-None-Match", "Last-Event-ID", "Idempotency-Key", "Accept", "Accept-Language", "Content-Encoding", "Sec-Fetch-Site", "Origin", "Cookie", "Range", "If-Modified-Since", "X-Forwarded-For", "X-Forwarded-Host",
            "X-Hub-Signature-256", "X-GitHub-Event", "Expect", "Prefer", "X-HTTP-Method-Override", "Traceparent"];

    private static readonly string[] Types =
        ["application/json", "application/json; charset=utf-8", "application/json; charset=utf-16", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json;;", "garbage", "application/problem+json", ""];

    /// <summary>Requests to <paramref name="paths"/>, in which <c>{…}</c> becomes one of <paramref name="ids"/> or anything else.</summary>
    public static Gen<AnyRequest> To(IReadOnlyList<string> paths, IReadOnlyList<string> ids)
    {
        var part = Gen.OneOf(Gen.Elements(ids.AsEnumerable()), Gen.Elements(Odd), Text());
        var path = from template in Gen.Elements(paths.AsEnumerable()) from one in part select Filled(template, one);
        var wild = from one in part from two in part select $"/api/v1/{one}/{two}";
        var query = from pairs in (from name in Gen.Elements("limit", "after", "status", "cursor", "owner", "since", "tail", "source", "attempt", "code", "to", "repo", "bucket", "%5B%5D", "x") from value in part select $"{name}={value}").ListOf()
                    select string.Join('&', pairs.Take(4));
        var header = from name in Gen.Elements(Headed) from value in Gen.Elements(Odd.Where(Ascii).ToArray()) select (name, value);
        var body = Gen.Frequency(
            (6, (from name in Gen.Elements(Fields) from value in Gen.Elements(Values) select $"\"{name}\":{value}").ListOf().Select(fields => Encoding.UTF8.GetBytes($"{{{string.Join(',', fields)}}}"))),
            (1, Gen.Elements("", "{", "null", "[]", "\"x\"", "{\"repo\":", "\uFEFF{}", new string('[', 10_000), new string(' ', 300_000), "{\"repo\":\"" + new string('x', 200_000) + "\"}").Select(Encoding.UTF8.GetBytes)),
            (1, ArbMap.Default.GeneratorFor<byte[]>()),
            (1, Text().Select(Encoding.UTF8.GetBytes)));
        return from method in Gen.Frequency((4, Gen.Constant("GET")), (4, Gen.Constant("POST")), (3, Gen.Constant("PATCH")), (1, Gen.Elements("DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "FOO", "get")))
               from to in Gen.Frequency((9, path), (1, wild))
               from asked in query
               from headers in header.ListOf()
               from type in Gen.Frequency((5, Gen.Constant<string?>("application/json")), (1, Gen.Elements<string?>(Types)), (1, Gen.Constant<string?>(null)))
               from bytes in body
               select new AnyRequest(method, to, asked, [.. headers.DistinctBy(one => one.name).Take(3)], type, bytes);
    }

    /// <summary>Sends it and holds the answer against what is promised of each: no failure of ours, no code, whole problem details.</summary>
    public async Task IsAnsweredWell(HttpClient client)
    {
        using var request = new HttpRequestMessage(new(Method), new Uri($"{Path}{(Query.Length > 0 ? "?" : "")}{Query}", UriKind.Relative));
        if (Method is not ("GET" or "HEAD" or "TRACE" or "get"))
        {
            request.Content = new ByteArrayContent(Body);
            if (ContentType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        foreach (var (name, value) in Headers)
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content?.Headers.TryAddWithoutValidation(name, value);
        request.Headers.ExpectContinue = false;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var answer = await Send(client, request, patience.Token);
        var status = (int)answer.StatusCode;
        if (answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.MediaType is "text/event-stream") return; // it may go on for ever
        var text = await answer.Content.ReadAsStringAsync(patience.Token);
        var what = $"{this}\n→ {status} {answer.Content.Headers.ContentType} {(text.Length > 2000 ? text[..2000] : text)}";
        Assert.True(status < 500, what);
        Assert.False(answer.Headers.Contains("X-Injected"), what);
        if (answer.Content.Headers.ContentType?.MediaType is not "text/javascript") Assert.False(text.Contains("   at ", StringComparison.Ordinal) || text.Contains("Exception", StringComparison.Ordinal), what);
        if (status < 400 || Method is "HEAD") return;
        if (answer.Content.Headers.ContentType?.MediaType is "text/html" && status == 401) return; // a person's browser
        Assert.True(answer.Content.Headers.ContentType?.MediaType is "application/problem+json" && answer.Content.Headers.ContentEncoding.Count == 0, what);
        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.True(problem.GetProperty("status").GetInt32() == status, what);
        foreach (var field in new[] { "type", "title", "detail", "code", "trace_id" }) Assert.True(problem.GetProperty(field).GetString() is { Length: > 0 }, what);
    }

    private async Task<HttpResponseMessage> Send(HttpClient client, HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
        catch (Exception none) when (none is HttpRequestException or OperationCanceledException)
        {
            throw new HttpRequestException($"{this}\n→ no answer", none);
        }
    }

    public override string ToString() =>
        $"{Method} {Path}?{Query}\n{string.Join('\n', Headers.Select(header => $"{header.Name}: {header.Value}"))}\nContent-Type: {ContentType ?? "(none)"}\n\n{(Body.Length > 2000 ? $"({Body.Length} bytes)" : Encoding.UTF8.GetString(Body))}";

    private static string Filled(string template, string one)
    {
        var filled = template;
        for (var at = filled.IndexOf('{', StringComparison.Ordinal); at >= 0; at = filled.IndexOf('{', StringComparison.Ordinal))
            filled = filled[..at] + one.Replace("{", "%7B", StringComparison.Ordinal) + filled[(filled.IndexOf('}', at) + 1)..];
        return filled;
    }

    /// <summary>Any text as a part of a URL. Not NUL: Kestrel itself refuses that in a path, before anything of ours is asked, with an empty 400.</summary>
    private static Gen<string> Text() => ArbMap.Default.GeneratorFor<string>().Select(text => Uri.EscapeDataString(Valid(text ?? "")));

    private static string Valid(string text) => new([.. text.Where(c => c != '\0' && !char.IsSurrogate(c)).Take(40)]);

    private static bool Ascii(string value) => value.All(c => c is >= ' ' and <= '~');
}
