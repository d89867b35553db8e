using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Ampx.Silo.Doctor;

/// <inheritdoc cref="IDoctorGrain"/>
[StatelessWorker, Reentrant] // It keeps nothing, and what hangs for one caller is no matter of the next.
internal sealed class DoctorGrain(Checkup checkup, IOptions<GitHubOptions> gitHub) : Grain, IDoctorGrain
{
    public async Task<IReadOnlyList<DoctorCheck>> Examine(string? repo, CancellationToken cancel)
    {
        if (string.IsNullOrWhiteSpace(repo)) return await checkup.Run(null, cancel);
        if (RepoRef.Parse(repo, gitHub.Value.WebUrl, out var why) is { } known) return await checkup.Run(known, cancel);
        return [.. await checkup.Run(null, cancel), DoctorCheck.Bad("repository", why!, "Give owner/name, an https or ssh URL, or an absolute path.")];
    }
}
