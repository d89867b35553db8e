using Ampx.Silo.Agents;
using Xunit;

namespace Ampx.Tests.Agents;

public class ThreadPageTests
{
    [Theory]
    [InlineData(AgentKind.Amp, null, "T-0123-abcd", "https://ampcode.com/threads/T-0123-abcd")]
    [InlineData(AgentKind.Amp, "https://amp.acme.com/", "T-0123-abcd", "https://amp.acme.com/threads/T-0123-abcd")]
    [InlineData(AgentKind.Amp, "no address", "T-0123-abcd", "https://ampcode.com/threads/T-0123-abcd")]
    [InlineData(AgentKind.Amp, null, "T-0123/../x", null)]
    [InlineData(AgentKind.Command, null, "T-0123-abcd", null)]
    public void Only_a_thread_of_Amps_has_a_page(AgentKind kind, string? server, string thread, string? page)
    {
        var agent = new AgentOptions { Kind = kind, Command = "agent" };
        if (server is not null) agent.Environment["AMP_URL"] = server;
        Assert.Equal(page, new AgentProfile("one", agent).ThreadPage(thread)?.AbsoluteUri);
    }
}
