using Ampx.Runs;

namespace Ampx.Silo.Agents.Sandboxes;

/// <summary>What a profile wants of its sandbox.</summary>
/// <param name="ReadOnly">More that is shown; <c>~</c> is the service's home.</param>
/// <param name="ReadWrite">More that may be written.</param>
/// <param name="SignIn">Files that sign the agent in: all of the service's home that is handed on.</param>
/// <param name="Limits">They hold without a sandbox too; null if there are none.</param>
public sealed record SandboxRules(
    AgentSandbox Mode, bool Network, IReadOnlyList<string> ReadOnly, IReadOnlyList<string> ReadWrite, IReadOnlyList<string> SignIn, RunLimits? Limits = null)
{
    /// <summary>Of a profile that says nothing.</summary>
    public static readonly SandboxRules Default = new(AgentSandbox.Auto, true, [], [], []);

    /// <summary>The run gets one.</summary>
    public bool IsOn => Mode is AgentSandbox.Bubblewrap || (Mode is AgentSandbox.Auto && Bubblewrap.WhyNot is null);

    /// <summary>Why it gets none although one would be better; null if it gets one, or none is wanted.</summary>
    public string? Missing => Mode is AgentSandbox.Auto ? Bubblewrap.WhyNot : null;

    /// <summary>Why it can't be run at all.</summary>
    public string? Impossible => Mode is AgentSandbox.Bubblewrap ? Bubblewrap.WhyNot : null;
}
