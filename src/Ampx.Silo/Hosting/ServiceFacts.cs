using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Forges.Local;
using Ampx.Silo.Git;
using Ampx.Silo.Grains;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Hosting;

/// <summary>What can be known of a request without the network, and what only this machine's files can answer.</summary>
public sealed class ServiceFacts(
    IGrainFactory grains, Forges.Forges forges, ForgeDesk desk, AgentProfiles agents, IGitHubCredential credential, LocalRepositories local, Mirrors mirrors, Changes changes,
    IOptions<GitHubOptions> gitHub, IOptions<RetryOptions> retry) : IServiceFacts
{
    public async Task<(NewTask? Order, Refusal? Refusal)> Check(StartTask request, string owner, CancellationToken cancel)
    {
        if (RepoRef.Parse(request.Repo!, gitHub.Value.WebUrl, out var why) is not { } repo) return No(ErrorCodes.InvalidRepo, why!);
        var name = request.Agent ?? "amp";
        if (await WhyNoAgent(name) is { } unready) return No(unready.Code, unready.Detail);
        if (await CheckRepository(repo, request, cancel) is { } refusal) return (null, refusal);
        return (new NewTask
        {
            Id = Ulid.NewUlid().ToString(),
            Owner = owner,
            Repo = request.Repo!.Trim(),
            Forge = repo.Kind,
            Base = request.Base,
            Agent = name,
            Prompt = request.Prompt?.Trim() is { Length: > 0 } ? request.Prompt : "",
            Issue = request.Issue,
            AutoMerge = request.AutoMerge,
            MaxAttempts = request.MaxAttempts ?? retry.Value.MaxAttempts,
            MaxTokens = request.MaxTokens,
            MaxTime = request.MaxTime,
            CiCommand = request.Ci,
            Draft = request.Draft,
        }, null);
    }

    public Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel) => desk.WhyBranchGone(task, cancel);

    public async Task<string> Diff(TaskState task, CancellationToken cancel)
    {
        if (task is not { BaseSha: { } from, HeadSha: { } to }) return "";
        var repo = forges.Parse(task);
        var remote = await forges.Of(repo).Remote(repo, cancel);
        // The commit may come from another machine or from a mirror that was removed since.
        if (!await mirrors.Has(remote, to, cancel)) await mirrors.Fetch(remote, cancel);
        return (await changes.Diff(remote, from, to, cancel: cancel)).Text;
    }

    /// <summary>Why no worker can run it; null if one can. This machine's own answer comes first: it needs nobody.</summary>
    private async Task<TaskError?> WhyNoAgent(string name)
    {
        var agent = agents.Find(name);
        var here = agent is null ? new TaskError(ErrorCodes.AgentNotFound, $"there is no agent '{name}' here; there are: {string.Join(", ", agents.Names)}") : agent.Unready();
        if (here is null) return null;
        var workers = await grains.GetGrain<IWorkQueueGrain>(0).Workers();
        var there = workers.SelectMany(worker => worker.Report.Agents).Where(known => known.Name == name).ToList();
        if (there.Any(known => known.Unready is null)) return null;
        return agent is null ? there.FirstOrDefault()?.Unready ?? here : here;
    }

    private async Task<Refusal?> CheckRepository(RepoRef repo, StartTask request, CancellationToken cancel)
    {
        if (request.Base is { } branch && !RefName.IsBranch(branch)) return new(ErrorCodes.BranchNotFound, $"'{branch}' is not a name that a branch can have");
        if (repo.Kind is ForgeKind.GitHub)
        {
            if (request.Ci is not null) return new("bad_request", $"{repo.Owner}/{repo.Name} is judged by its GitHub Actions workflows; 'ci' is for plain git repositories only");
            return await credential.IsGiven(cancel) ? null : new(ErrorCodes.GitHubUnauthorized, $"there is no credential for {repo.Key}: {PersonalToken.HowToGiveOne}");
        }

        if (request.Issue is not null) return new("bad_request", $"{repo.Url} is a plain git repository, which has no issues: say in 'prompt' what is to be done");
        if (new GitRemote(repo.Url).LocalPath is not { } path) return null;
        if (await local.Problem(path, request.Base, cancel) is { } problem) return new(problem.Code, problem.Message);
        if (request.Ci is not null) return null;
        var yaml = await local.ReadFile(path, request.Base, AmpxYaml.FileName, cancel);
        return AmpxYaml.Ci(yaml) is null ? new(ErrorCodes.CiNotConfigured, AmpxYaml.WhyNone(yaml)) : null;
    }

    private static (NewTask?, Refusal?) No(string code, string detail) => (null, new Refusal(code, detail));
}
