using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>How news of CI comes: GitHub's webhooks, or asking every so often.</summary>
internal sealed class NewsExam(IConfiguration settings, IOptions<CiOptions> ci) : IExam
{
    public string Name => "webhooks";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        if (repo is { Kind: ForgeKind.Git }) yield break;
        yield return string.IsNullOrEmpty(settings["Ampx:GitHub:WebhookSecret"])
            ? DoctorCheck.Fine(Name, $"none: GitHub is asked for CI every {ci.Value.PollInterval.TotalSeconds:0.##} s", needed: false)
            : DoctorCheck.Fine(Name, "taken at /webhooks/github", needed: false);
    }
}
