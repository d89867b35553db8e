using Ampx.Silo.Agents;
using Xunit;

namespace Ampx.Tests.Agents;

public sealed class AmpStreamTests
{
    private readonly AmpStream _stream = new();

    [Fact]
    public void A_whole_stream_gives_readable_lines_and_the_facts()
    {
        var log = Read(
            """{"type":"system","subtype":"init","cwd":"/w","session_id":"T-1","tools":["Bash"],"mcp_servers":[]}""",
            """{"type":"user","message":{"role":"user","content":[{"type":"text","text":"do it"}]},"session_id":"T-1"}""",
            """{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"First\nsecond"},{"type":"tool_use","id":"a","name":"Bash","input":{"cmd":"make test"}}],"usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":100,"output_tokens":7}}}""",
            """{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"a","content":"exit 2","is_error":true}]}}""",
            """{"type":"assistant","message":{"content":[{"type":"text","text":"Done."}],"usage":{"input_tokens":20,"output_tokens":3}}}""",
            """{"type":"result","subtype":"success","is_error":false,"result":"Done.","duration_ms":5,"num_turns":2,"session_id":"T-1"}""");

        Assert.Equal(["First", "second", "tool Bash: make test", "tool Bash failed: exit 2", "Done."], log);
        Assert.Equal(new AmpFacts("T-1", new AgentUsage(135, 100, 10), true, "Done.", null, "Done.", "Bash", null), _stream.Facts);
    }

    [Fact]
    public void A_message_in_several_lines_is_paid_once()
    {
        Read(
            """{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"x"}],"usage":{"input_tokens":10,"output_tokens":1}}}""",
            """{"type":"assistant","message":{"id":"m1","content":[],"usage":{"input_tokens":10,"output_tokens":9}}}""",
            """{"type":"assistant","message":{"id":"m2","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}""",
            """{"type":"result","is_error":false,"result":"x","usage":{"input_tokens":999,"output_tokens":999},"total_cost_usd":0.25}""");
        Assert.Equal(new AgentUsage(11, 0, 10, 0.25m), _stream.Facts.Usage);
    }

    [Fact]
    public void Usage_that_only_the_result_tells_counts()
    {
        Read("""{"type":"result","is_error":false,"result":"x","usage":{"input_tokens":9,"output_tokens":8}}""");
        Assert.Equal(new AgentUsage(9, 0, 8), _stream.Facts.Usage);
    }

    [Theory]
    [InlineData("""{"type":"result","subtype":"error_during_execution","is_error":true,"error":"out of credits"}""", "out of credits")]
    [InlineData("""{"type":"result","subtype":"error_max_turns","is_error":true}""", "error_max_turns")]
    [InlineData("""{"type":"result","subtype":"error_max_turns"}""", "error_max_turns")]
    public void An_error_result_is_an_error(string line, string error)
    {
        Assert.Equal([$"error: {error}"], Read(line));
        Assert.Equal((true, error, null), (_stream.Facts.HasResult, _stream.Facts.Error, _stream.Facts.Result));
    }

    [Fact]
    public void Lines_that_are_no_JSON_are_kept_as_they_are()
    {
        Assert.Equal(["npm warn old", "[1,2]", "{broken"], Read("npm warn old", "[1,2]", "", "{broken"));
        Assert.Equal("{broken", _stream.Facts.LastPlainLine);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"type":7}""")]
    [InlineData("""{"type":"future","message":[]}""")]
    [InlineData("""{"type":"assistant"}""")]
    [InlineData("""{"type":"assistant","message":"x"}""")]
    [InlineData("""{"type":"assistant","message":{"content":[1,null,{"type":"thinking"}],"usage":{"input_tokens":"x"}}}""")]
    [InlineData("""{"type":"user","message":{"content":"plain"}}""")]
    [InlineData("""{"type":"user","message":{"content":[7,{"type":"tool_result","tool_use_id":5}]}}""")]
    public void Strange_events_are_passed_over(string line) => Assert.Empty(Read(line));

    [Fact]
    public void Long_input_is_shortened_and_a_cut_JSON_line_is_not_poured_into_the_log()
    {
        var log = Read(
            $$$"""{"type":"assistant","message":{"content":[{"type":"tool_use","id":"a","name":"Write","input":{"x":"{{{new string('y', 5000)}}}"}}]}}""",
            "{\"type\":\"user\"" + new string('z', 70_000));
        Assert.InRange(log[0].Length, 100, 250);
        Assert.Equal("(70014 characters of JSON, cut)", log[1]);
    }

    private List<string> Read(params string[] lines) => [.. lines.SelectMany(_stream.Read)];
}
