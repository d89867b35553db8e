using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway.Webhooks;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>How news of CI comes: GitHub's webhooks, or asking every so often.</summary>
internal sealed class NewsExam(IOptions<GitHubOptions> gitHub, IOptions<CiOptions> ci, LastDelivery? last = null) : IExam
{
    public string Name => "webhooks";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        if (repo is { Kind: ForgeKind.Git }) yield break;
        yield return string.IsNullOrEmpty(gitHub.Value.WebhookSecret)
            ? DoctorCheck.Fine(Name, $"none: GitHub is asked for CI every {ci.Value.PollInterval.TotalSeconds:0.##} s", needed: false)
            : DoctorCheck.Fine(Name, last?.At is { } time ? $"taken at /webhooks/github; the last one came at {time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : $"taken at /webhooks/github, but none has come since the service was started: GitHub is asked every {ci.Value.PollInterval.TotalSeconds:0.##} s meanwhile", needed: false);
    }
}
