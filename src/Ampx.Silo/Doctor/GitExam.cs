using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Git;

namespace Ampx.Silo.Doctor;

/// <summary>git is here and new enough.</summary>
internal sealed partial class GitExam(GitRunner git) : IExam
{
    /// <summary>The first with settings from the environment (<c>GIT_CONFIG_COUNT</c>), by which no repository can overrule ours.</summary>
    public static readonly Version Oldest = new(2, 31);

    private const string Install = "Install git from your system's packages (apt install git, dnf install git), and see that the service's PATH has it.";

    public string Name => "git";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        yield return await Look(cancel);
    }

    /// <summary>What <c>git --version</c> says.</summary>
    internal static DoctorCheck Judge(string said)
    {
        if (!Version.TryParse(Number().Match(said).Value, out var version))
            return DoctorCheck.Bad("git", $"'git --version' says '{said}', which is no version", Install);
        return version >= Oldest ? DoctorCheck.Fine("git", said) : DoctorCheck.Bad("git", $"{said} is too old: Ampx needs {Oldest} or newer", Install);
    }

    private async Task<DoctorCheck> Look(CancellationToken cancel)
    {
        try
        {
            return Judge((await git.Run(new GitCommand("--version") { TimeLimit = TimeSpan.FromSeconds(5) }, cancel)).Value);
        }
        catch (GitException missing)
        {
            return DoctorCheck.Bad(Name, missing.ExitCode == 127 ? "there is no git here" : missing.Message.ReplaceLineEndings(" "), Install);
        }
    }

    [GeneratedRegex(@"\d+\.\d+(\.\d+)?")]
    private static partial Regex Number();
}
