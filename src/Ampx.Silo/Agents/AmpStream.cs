using System.Text.Json;
using Ampx.Core.Ci;
using Ampx.Silo.Agents.Runs;

namespace Ampx.Silo.Agents;

/// <summary>Tokens of a run. <paramref name="Input"/> counts the cached ones too.</summary>
public sealed record AgentUsage(long Input, long CachedInput, long Output, decimal? CostUsd = null)
{
    public static AgentUsage operator +(AgentUsage a, AgentUsage b) => new(a.Input + b.Input, a.CachedInput + b.CachedInput, a.Output + b.Output,
        a.CostUsd is null && b.CostUsd is null ? null : (a.CostUsd ?? 0) + (b.CostUsd ?? 0));
}

/// <summary>What an Amp stream has said so far.</summary>
/// <param name="Result">The final answer; null while there is no result line, or if it is an error.</param>
/// <param name="Error">The text of an error result.</param>
/// <param name="LastText">The last thing the agent wrote.</param>
/// <param name="LastPlainLine">The last line that was no JSON.</param>
public sealed record AmpFacts(
    string? ThreadId, AgentUsage? Usage, bool HasResult, string? Result, string? Error, string? LastText, string? LastTool, string? LastPlainLine);

/// <summary>
/// Reads Amp's stream, leniently: fields may be missing, unknown kinds may come, and some lines are no JSON at all.
/// Gives readable log lines, and keeps the facts.
/// </summary>
public sealed class AmpStream
{
    private const int LongestInput = 200, LongestLogLine = 8 * 1024;

    private readonly Dictionary<string, AgentUsage> _usages = [];
    private readonly Dictionary<string, string> _tools = [];
    private AgentUsage? _resultUsage;
    private decimal? _cost;
    private string? _thread, _result, _error, _lastText, _lastTool, _lastPlain;
    private bool _hasResult;

    public AmpFacts Facts => new(_thread, Usage, _hasResult, _result, _error, _lastText, _lastTool, _lastPlain);

    /// <summary>The sum over messages; a message that came in several lines counts once. Without any, what the result says.</summary>
    private AgentUsage? Usage
    {
        get
        {
            var sum = _usages.Count > 0 ? _usages.Values.Aggregate((a, b) => a + b) : _resultUsage;
            return sum is null || _cost is null ? sum : sum with { CostUsd = _cost };
        }
    }

    /// <summary>The facts of a run's output up to a byte: after a restart, before its following goes on there.</summary>
    public static AmpStream Replay(string path, long toByte = long.MaxValue, Redaction? redaction = null)
    {
        var stream = new AmpStream();
        using var file = new LineFile(path, 0, RunFollower.LongestJsonLine, until: toByte, redaction);
        while (file.Read(complete: true) is { } lines)
            foreach (var line in lines)
                stream.Read(redaction?.Apply(line) ?? line);
        return stream;
    }

    /// <summary>Takes one line of stdout; gives what a person would like to read of it, perhaps nothing.</summary>
    public IReadOnlyList<string> Read(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return [];
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return [.. Read(json.RootElement).SelectMany(text => text.Split('\n')).Select(text => Short(text.TrimEnd('\r'), LongestLogLine))];
        }
        catch (JsonException)
        {
            // Plain text, or a JSON line beyond the limit.
        }
        if (line.Length > LongestLogLine && line[0] == '{')
            return [$"({line.Length} characters of JSON, cut)"];
        _lastPlain = Short(line.Trim(), 500);
        return [Short(line, LongestLogLine)];
    }

    private List<string> Read(JsonElement root)
    {
        _thread ??= Text(root, "session_id") is { Length: > 0 } id ? id : null;
        var log = new List<string>();
        switch (Text(root, "type"))
        {
            case "assistant" when Object(root, "message") is { } message:
                Count(message, root);
                foreach (var part in Parts(message))
                    ReadAssistant(part, log);
                break;
            case "user" when Object(root, "message") is { } message:
                foreach (var part in Parts(message))
                    if (Text(part, "type") == "tool_result" && part.TryGetProperty("is_error", out var bad) && bad.ValueKind == JsonValueKind.True)
                        log.Add($"tool {_tools.GetValueOrDefault(Text(part, "tool_use_id") ?? "", "?")} failed: {Short(Content(part), 2000)}");
                break;
            case "result":
                ReadResult(root, log);
                break;
        }
        return log;
    }

    private void ReadAssistant(JsonElement part, List<string> log)
    {
        if (Text(part, "type") == "text" && Text(part, "text") is { Length: > 0 } text)
        {
            _lastText = text;
            log.Add(text);
        }
        else if (Text(part, "type") == "tool_use")
        {
            _lastTool = Text(part, "name") ?? "?";
            if (Text(part, "id") is { } id)
                _tools[id] = _lastTool;
            log.Add($"tool {_lastTool}: {Short(Input(part), LongestInput)}");
        }
    }

    private void ReadResult(JsonElement root, List<string> log)
    {
        _hasResult = true;
        var bad = (root.TryGetProperty("is_error", out var flag) && flag.ValueKind == JsonValueKind.True)
            || (Text(root, "subtype") ?? "success").StartsWith("error", StringComparison.Ordinal);
        _result = bad ? null : Text(root, "result") ?? _lastText ?? "";
        _error = bad ? Text(root, "error") ?? Text(root, "result") ?? Text(root, "subtype") ?? "no reason given" : null;
        if (Object(root, "usage") is { } usage)
            _resultUsage = Tokens(usage);
        if (root.TryGetProperty("total_cost_usd", out var cost) && cost.ValueKind == JsonValueKind.Number && cost.TryGetDecimal(out var dollars))
            _cost = dollars;
        if (_error is not null)
            log.Add($"error: {_error}");
        else if (_result != _lastText && _result is { Length: > 0 })
            log.Add(_result);
    }

    private void Count(JsonElement message, JsonElement root)
    {
        if (Object(message, "usage") is not { } usage)
            return;
        // The same message comes once for each of its parts, with the usage so far: the largest is the whole.
        var id = Text(message, "id") ?? Text(root, "uuid") ?? $"#{_usages.Count}";
        var (now, before) = (Tokens(usage), _usages.GetValueOrDefault(id, new AgentUsage(0, 0, 0)));
        _usages[id] = new AgentUsage(
            Math.Max(now.Input, before.Input), Math.Max(now.CachedInput, before.CachedInput), Math.Max(now.Output, before.Output));
    }

    private static AgentUsage Tokens(JsonElement usage)
    {
        var cached = Number(usage, "cache_read_input_tokens");
        return new AgentUsage(Number(usage, "input_tokens") + Number(usage, "cache_creation_input_tokens") + cached, cached, Number(usage, "output_tokens"));
    }

    /// <summary>The one field that says most, else the input as it is.</summary>
    private static string Input(JsonElement tool)
    {
        if (Object(tool, "input") is not { } input)
            return "";
        string[] telling = ["cmd", "command", "path", "file_path", "pattern", "query", "url", "description", "prompt"];
        return telling.Select(name => Text(input, name)).FirstOrDefault(value => value is not null) ?? input.GetRawText();
    }

    private static string Content(JsonElement result) =>
        !result.TryGetProperty("content", out var content) ? ""
        : content.ValueKind == JsonValueKind.String ? content.GetString()!
        : content.ValueKind == JsonValueKind.Array ? string.Join('\n', content.EnumerateArray().Select(part => Text(part, "text") ?? part.GetRawText()))
        : content.GetRawText();

    private static JsonElement.ArrayEnumerator Parts(JsonElement message) =>
        message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array ? content.EnumerateArray() : default;

    private static JsonElement? Object(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;

    private static long Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number > 0 ? number : 0;

    private static string Short(string text, int length)
    {
        if (text.Length <= length)
            return text;
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "…";
    }
}
