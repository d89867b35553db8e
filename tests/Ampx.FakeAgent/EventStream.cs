using System.Text.Json;

namespace Ampx.FakeAgent;

/// <summary>Writes Amp's events, or without --stream-json only the last text.</summary>
internal sealed class EventStream(string threadId, bool json)
{
    private readonly Stream _out = Console.OpenStandardOutput();
    private int _messages, _tools;
    private string _lastText = "";

    public (long Input, long Output, long Cached) Usage { get; set; } = (100, 20, 0);

    public void Init() => Write(new
    {
        type = "system",
        subtype = "init",
        cwd = Environment.CurrentDirectory,
        session_id = threadId,
        tools = (string[])["Bash", "Read", "edit_file"],
        mcp_servers = Array.Empty<object>(),
    });

    public void Prompt(string text) => User(new { type = "text", text });

    public void Say(string text)
    {
        _lastText = text;
        Assistant($"msg_{++_messages}", "end_turn", new { type = "text", text });
    }

    /// <summary>A message in two lines with one id, as Amp may send it, then the tool's work, then its answer.</summary>
    public void Tool(string name, object input, Func<(string Output, bool Failed)> work)
    {
        var (message, id) = ($"msg_{++_messages}", $"toolu_{++_tools}");
        Assistant(message, null, new { type = "text", text = $"I use {name}." });
        Assistant(message, "tool_use", new { type = "tool_use", id, name, input });
        var (output, failed) = work();
        User(new { type = "tool_result", tool_use_id = id, content = output, is_error = failed });
    }

    public void Result()
    {
        if (json)
            Write(new { type = "result", subtype = "success", duration_ms = 1, is_error = false, num_turns = _messages, result = _lastText, session_id = threadId });
        else
            Raw(System.Text.Encoding.UTF8.GetBytes(_lastText + "\n"));
    }

    public void Error(string error) =>
        Write(new { type = "result", subtype = "error_during_execution", duration_ms = 1, is_error = true, num_turns = _messages, error, session_id = threadId });

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        _out.Write(bytes);
        _out.Flush();
    }

    private void Assistant(string id, string? stop, object part)
    {
        var (input, output, cached) = Usage;
        var usage = new { input_tokens = input, cache_creation_input_tokens = 0, cache_read_input_tokens = cached, output_tokens = output };
        Write(new
        {
            type = "assistant",
            message = new { id, type = "message", role = "assistant", content = (object[])[part], stop_reason = stop, usage },
            parent_tool_use_id = (string?)null,
            session_id = threadId,
        });
    }

    private void User(object part) => Write(new
    {
        type = "user",
        message = new { role = "user", content = (object[])[part] },
        parent_tool_use_id = (string?)null,
        session_id = threadId,
    });

    private void Write(object line)
    {
        if (json)
            Raw([.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n']);
    }
}
