using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Ampx.Supervisor;

/// <summary>How long the agent has said nothing. With a tool clock it reads Amp's stream just enough to know whether a tool is at work.</summary>
internal sealed class Silence(bool toolClock)
{
    // A line longer than this isn't read; it counts as the answer to whatever was open, so that the clock runs again.
    private const int LongestLine = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _tools = [];
    private ArrayBufferWriter<byte> _line = new();
    private bool _tooLong;
    private long _since = Stopwatch.GetTimestamp();
    private bool _begun;
    private string? _lastTool, _lastText;

    public bool HasBegun { get { lock (_gate) return _begun; } }
    public bool ToolAtWork { get { lock (_gate) return _tools.Count > 0; } }
    public string? LastTool { get { lock (_gate) return _lastTool; } }

    /// <summary>The last line that was not JSON: it may say what the agent waits for.</summary>
    public string? LastText { get { lock (_gate) return _lastText; } }
    public TimeSpan Elapsed { get { lock (_gate) return Stopwatch.GetElapsedTime(_since); } }

    /// <summary>Something came on stderr: a sign of life, but not the beginning of a stream.</summary>
    public void HeardElsewhere()
    {
        lock (_gate)
        {
            _begun |= !toolClock;
            if (_begun)
                _since = Stopwatch.GetTimestamp();
        }
    }

    public void Heard(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (toolClock)
                ReadLines(bytes);
            else
                _begun = true;
            if (_begun)
                _since = Stopwatch.GetTimestamp();
        }
    }

    private void ReadLines(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Keep(bytes[..end]);
            if (_tooLong)
                _tools.Clear();
            else
                ReadLine(_line.WrittenMemory);
            if (_line.Capacity > 1024 * 1024)
                _line = new ArrayBufferWriter<byte>();
            else
                _line.ResetWrittenCount();
            _tooLong = false;
            bytes = bytes[(end + 1)..];
        }
        Keep(bytes);
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        _tooLong |= _line.WrittenCount + part.Length > LongestLine;
        if (!_tooLong)
            _line.Write(part);
    }

    private void ReadLine(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return;
            _begun = true;
            if (!json.RootElement.TryGetProperty("message", out var message) || message.ValueKind != JsonValueKind.Object
                || !message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
                return;
            foreach (var part in content.EnumerateArray())
            {
                if (Text(part, "type") == "tool_use" && Text(part, "id") is { } id)
                    _tools[id] = _lastTool = Text(part, "name") ?? "?";
                else if (Text(part, "type") == "tool_result" && Text(part, "tool_use_id") is { } answered)
                    _tools.Remove(answered);
            }
        }
        catch (JsonException)
        {
            if (Encoding.UTF8.GetString(line.Span[..Math.Min(line.Length, 200)]).Trim() is { Length: > 0 } text)
                _lastText = text;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
