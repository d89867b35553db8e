using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents;
using Ampx.Silo.Agents.Sandboxes;

namespace Ampx.Silo.Doctor;

/// <summary>Each agent profile: its program, its version where asking is safe, its sign-in; and what keeps agents from the rest of the machine.</summary>
internal sealed class AgentExam(AgentProfiles profiles) : IExam
{
    public string Name => "agents";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        var known = profiles.Names.Order(StringComparer.Ordinal).Select(name => profiles.Find(name)!).ToList();
        // One that works is enough; which one a task takes is its own matter.
        var oneIsReady = known.Exists(profile => profile.Unready() is null);
        foreach (var check in await Task.WhenAll(known.Select(profile => Look(profile, needed: !oneIsReady, cancel)))) yield return check;
        yield return Sandboxed(known);
    }

    private static DoctorCheck Sandboxed(IReadOnlyList<AgentProfile> known)
    {
        var open = known.Where(profile => !profile.Sandbox.IsOn).Select(profile => profile.Name).ToList();
        if (open.Count == 0) return DoctorCheck.Fine("sandbox", $"{Bubblewrap.Version}, for all agents");
        var what = $"none for {string.Join(", ", open)}: such an agent may do and read what the service's user may";
        return Bubblewrap.WhyNot is { } why
            ? DoctorCheck.Warning("sandbox", $"{why}; {what}", "Install bubblewrap, and allow it user namespaces (docs/SETTINGS.md#sandbox); or run the service on a machine of its own.")
            : DoctorCheck.Warning("sandbox", what, $"Remove Ampx:Agents:{open[0]}:Sandbox from the settings, or run the service on a machine of its own.");
    }

    private static async Task<DoctorCheck> Look(AgentProfile profile, bool needed, CancellationToken cancel)
    {
        var name = $"agent:{profile.Name}";
        if (profile.Unready() is { } unready)
        {
            var fix = unready.Code == ErrorCodes.AgentNotSignedIn
                ? "Set AMP_API_KEY for the service, or run 'amp login' as the service's user."
                : profile.Kind is AgentKind.Amp
                    ? $"Install it (npm install -g @ampcode/cli), or name it in Ampx:Agents:{profile.Name}:Command; the service's PATH counts."
                    : $"Install it, or name it with its whole path in Ampx:Agents:{profile.Name}:Command.";
            var what = unready.Code == ErrorCodes.AgentNotSignedIn ? $"is not signed in ({profile.ProgramPath})" : $"there is no program '{profile.Program}' that the service's user can run";
            return new(name, false, needed, needed ? what : $"{what}; tasks for this agent are refused", fix);
        }

        // A program of kind command may take no --version, and start to work instead.
        if (profile.Kind is not AgentKind.Amp) return DoctorCheck.Fine(name, $"{profile.ProgramPath}, kind command");
        var (version, trouble) = await profile.Version(cancel);
        if (version is null) return DoctorCheck.Bad(name, $"{profile.ProgramPath} --version: {trouble}", "Install the agent again (npm install -g @ampcode/cli).");
        return DoctorCheck.Fine(name, $"{version}, {profile.ProgramPath}; signed in by {profile.SignedInBy}");
    }
}
