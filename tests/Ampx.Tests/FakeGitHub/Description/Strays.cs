using System.Text;
using System.Text.Json.Nodes;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Rest;

namespace Ampx.Tests.FakeGitHub.Description;

/// <summary>Where a call or its answer leaves what GitHub describes; a sentence each.</summary>
internal static class Strays
{
    /// <summary>Any call may meet these, and the description says so of few.</summary>
    private static readonly int[] Anywhere = [400, 401, 403, 404, 410, 429, 500, 502, 503];

    private static readonly string[] EveryAnswer = ["X-GitHub-Request-Id", "X-GitHub-Media-Type"];
    private static readonly string[] LimitHeaders = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset", "X-RateLimit-Resource"];

    /// <summary>Of the call: its path, its parameters, its body.</summary>
    public static IEnumerable<string> OfRequest(Exchange exchange)
    {
        if (exchange.Path == "/graphql") return [];
        var description = GitHubDescription.Instance;
        if (description.Find(exchange.Method, exchange.Path) is not { } operation) return [$"{exchange.Method} {exchange.Path}: GitHub has no such call"];
        var faults = new List<string>();
        foreach (var (name, value) in exchange.Query)
        {
            // "created" is described as a time and documented as a range of dates.
            if (!operation.Parameters.TryGetValue(name, out var parameter)) faults.Add($"the parameter {name} is unknown");
            else if (name != "created") faults.AddRange(description.Schemas.FaultsOfText(parameter["schema"]!, value).Select(fault => $"the parameter {name}={value}: {fault}"));
        }

        faults.AddRange(operation.Parameters.Where(one => (bool?)one.Value["required"] is true && !exchange.Query.ContainsKey(one.Key)).Select(one => $"the parameter {one.Key} is missing"));
        var sent = Encoding.UTF8.GetString(exchange.Body);
        if (exchange.Path.EndsWith("/labels", StringComparison.Ordinal) && sent.StartsWith('[')) sent = $$"""{"labels":{{sent}}}"""; // allowed in the description's words only
        if (operation.Body?["content"]?["application/json"]?["schema"] is { } schema)
        {
            if (sent.Length > 0) faults.AddRange(description.Schemas.Faults(schema, sent).Select(fault => $"the body: {fault}"));
            else if ((bool?)operation.Body["required"] is true) faults.Add("the body is missing");
        }
        else if (sent is not ("" or "{}" or "null"))
        {
            faults.Add($"no body is expected, but came: {sent}");
        }

        return faults.Select(fault => $"{operation.Name}: {fault}");
    }

    /// <summary>Of the answer: its status, its headers, its body.</summary>
    public static IEnumerable<string> OfAnswer(Exchange exchange)
    {
        var description = GitHubDescription.Instance;
        var operation = description.Find(exchange.Method, exchange.Path);
        var name = $"{operation?.Name ?? $"{exchange.Method} {exchange.Path}"} → {exchange.Status}";
        return Headers(exchange).Concat(exchange.Path == "/graphql" ? GraphQl(exchange) : Body(exchange, operation, description)).Select(fault => $"{name}: {fault}");
    }

    /// <summary>Of what a hook was told.</summary>
    public static IEnumerable<string> OfDelivery(Delivery delivery)
    {
        var description = GitHubDescription.Instance;
        var body = JsonNode.Parse(delivery.Body)!;
        var action = (string?)body["action"];
        if (action is "in_progress") (body["workflow_run"] as JsonObject)?.Remove("display_title"); // described for the other actions only
        var name = action is null ? delivery.Event : $"{delivery.Event}.{action}";
        return description.Webhook(delivery.Event, action) is { } schema
            ? description.Schemas.Faults(schema, body.ToJsonString()).Select(fault => $"{name}: {fault}")
            : [$"{name}: GitHub has no such event"];
    }

    private static IEnumerable<string> Headers(Exchange exchange)
    {
        var needed = exchange.Status is 401 || exchange.Path.StartsWith("/app", StringComparison.Ordinal) || exchange.Path.EndsWith("/installation", StringComparison.Ordinal)
            ? EveryAnswer
            : [.. EveryAnswer, .. LimitHeaders];
        foreach (var header in needed.Where(header => !exchange.Headers.ContainsKey(header))) yield return $"the header {header} is missing";
        if (exchange.Answer.Length > 0 && exchange.Headers.GetValueOrDefault("Content-Type") != "application/json; charset=utf-8") yield return "the Content-Type isn't JSON's";
        if (exchange is { Status: 200, Method: "GET" } && !exchange.Headers.ContainsKey("ETag")) yield return "the header ETag is missing";
        if (exchange.Status is 301 or 302 or 307 && !exchange.Headers.ContainsKey("Location")) yield return "the header Location is missing";
    }

    private static IEnumerable<string> Body(Exchange exchange, Operation? operation, GitHubDescription description)
    {
        if (operation is null) return exchange.Status == 404 ? Error(exchange) : ["GitHub has no such call"];
        var text = Encoding.UTF8.GetString(exchange.Answer);
        if (exchange.Status == 304) return text.Length == 0 ? [] : ["a body came with it"];
        if (operation.Responses.TryGetValue(exchange.Status, out var response))
        {
            var schemas = response["content"]?.AsObject().Where(one => one.Key.EndsWith("json", StringComparison.Ordinal)).Select(one => one.Value!["schema"]).OfType<JsonNode>().ToList() ?? [];
            if (schemas.Count == 0 && exchange.Status >= 400) return Error(exchange);
            if (schemas.Count == 0) return text is "" or "{}" ? [] : ["a body came that isn't described"];
            if (text.Length == 0) return ["the body is missing"];
            // Further ones are for other media types (an object's raw form), told by the request's Accept.
            if (exchange.Status >= 400) text = WithoutStatus(text);
            var faults = schemas.Select(schema => description.Schemas.Faults(schema, text).ToList()).MinBy(found => found.Count)!;
            return exchange.Status >= 400 ? faults.Concat(Error(exchange)) : faults;
        }

        if (exchange.Status == 301 || Anywhere.Contains(exchange.Status)) return Error(exchange);
        return ["the status isn't described"];
    }

    /// <summary>GitHub puts its status into every error, and describes it for some.</summary>
    private static string WithoutStatus(string json)
    {
        var body = JsonNode.Parse(json)!;
        (body as JsonObject)?.Remove("status");
        return body.ToJsonString();
    }

    /// <summary>What every error says.</summary>
    private static IEnumerable<string> Error(Exchange exchange)
    {
        var body = exchange.Answer.Length == 0 ? null : JsonNode.Parse(exchange.Answer) as JsonObject;
        if (body?["message"] is not JsonValue) yield return "the error has no message";
        if (body?["documentation_url"] is not JsonValue) yield return "the error has no documentation_url";
        if (exchange.Status >= 400 && (string?)body?["status"] is { } status && status != $"{exchange.Status}") yield return $"the error says it is a {status}";
    }

    private static IEnumerable<string> GraphQl(Exchange exchange)
    {
        if (exchange.Status != 200) return Error(exchange);
        var body = JsonNode.Parse(exchange.Answer)!.AsObject();
        return body.Where(field => field.Key is not ("data" or "errors")).Select(field => $"GraphQL has no {field.Key} in its answer")
            .Concat((body["errors"]?.AsArray() ?? []).Where(error => error!["message"] is null).Select(_ => "an error has no message"));
    }
}
