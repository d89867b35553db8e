using System.Net;
using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>A repository on GitHub as the credential sees it: there, with the rights that tasks need, with workflows that judge them.</summary>
internal sealed class RepositoryLook(GitHubClients clients, GitRunner git)
{
    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef repo, GitHubProbe probe, AccessToken token, GitHubIdentity? who, [EnumeratorCancellation] CancellationToken cancel)
    {
        var at = $"repos/{repo.Owner}/{repo.Name}";
        var seen = await probe.Get(at, cancel);
        var facts = Judge(repo, seen, who);
        yield return facts;
        if (!facts.Ok) yield break;

        var branch = seen.Text("default_branch") ?? "main";
        var fetch = Fetch(repo, token, cancel);
        var readable = Readable(probe, at, branch, cancel);
        var workflows = WorkflowLook.At(probe, at, branch, cancel);
        var rights = new Rights
        {
            OfApp = who is { IsApp: true } ? token.Permissions ?? who.Permissions : null,
            Scopes = who?.Scopes,
            RepositoryIsPublic = seen.Flag("private") is false,
            UserMayPush = seen.Find("permissions") is { ValueKind: System.Text.Json.JsonValueKind.Object } mine && mine.TryGetProperty("push", out var push) ? push.ValueKind is System.Text.Json.JsonValueKind.True : null,
            Readable = await readable,
        };
        foreach (var line in rights.Lines()) yield return line;
        yield return await fetch;
        yield return await workflows;
        yield return seen.Flag("allow_auto_merge") switch
        {
            true => DoctorCheck.Fine("auto-merge", "allowed", needed: false),
            false => DoctorCheck.Warning("auto-merge", "not allowed here: without it only 'merge --auto' is missing", $"Allow it under {new Uri(clients.Options.Web, $"{repo.Owner}/{repo.Name}/settings")}, Pull Requests."),
            null => DoctorCheck.Warning("auto-merge", "GitHub doesn't tell this credential whether it is allowed"),
        };
    }

    private DoctorCheck Judge(RepoRef repo, ProbeAnswer seen, GitHubIdentity? who)
    {
        const string Line = "repository";
        var name = $"{repo.Owner}/{repo.Name}";
        if (seen.Headers.TryGetValue("x-github-sso", out var sso) && seen.Status is HttpStatusCode.Forbidden)
            return DoctorCheck.Bad(Line, $"the organisation {repo.Owner} wants the token authorised for its single sign-on: {seen.Words}", $"Open {sso.Split("url=")[^1]} and authorise the token.");
        if (seen.Status is HttpStatusCode.NotFound)
        {
            return DoctorCheck.Bad(Line, $"GitHub has no {name}, or {who?.Login ?? "the credential"} can't see it", who switch
            {
                { IsApp: true } => $"Check the name, and that the App is installed on it: {new Uri(clients.Options.Web, $"apps/{who.Login}/installations/new")}",
                { Scopes: not null } => "Check the name; for a private repository the token needs scope repo, and its user access.",
                _ => "Check the name, and that the token was made for this repository and its owner.",
            });
        }

        if (!seen.Ok) return DoctorCheck.Bad(Line, $"GitHub answers {(int)seen.Status} for {name}: {seen.Words}", "Try again; if it stays, check the credential at GitHub.");
        if (seen.Flag("archived") is true) return DoctorCheck.Bad(Line, $"{name} is archived: nobody can push to it", "Unarchive it in its settings.");
        if (seen.Flag("disabled") is true) return DoctorCheck.Bad(Line, $"{name} is disabled by GitHub", "Ask GitHub's support why.");
        var now = seen.Text("full_name") is { } full && !full.Equals(name, StringComparison.OrdinalIgnoreCase) ? $", now named {full}" : "";
        return DoctorCheck.Fine(Line, $"{name}{now}, {(seen.Flag("private") is false ? "public" : "private")}, default branch {seen.Text("default_branch")}");
    }

    /// <summary>What can be read, tried; an answer that says neither yes nor no is left out.</summary>
    private static async Task<IReadOnlyDictionary<string, bool>> Readable(GitHubProbe probe, string at, string branch, CancellationToken cancel)
    {
        (string Area, string Path)[] tries =
        [
            ("contents", $"{at}/branches?per_page=1"),
            ("pull_requests", $"{at}/pulls?per_page=1&state=all"),
            ("actions", $"{at}/actions/runs?per_page=1"),
            ("issues", $"{at}/issues?per_page=1"),
            ("checks", $"{at}/commits/{Uri.EscapeDataString(branch)}/check-runs?per_page=1"),
        ];
        var answers = await Task.WhenAll(tries.Select(async one => (one.Area, Read: Means((await probe.Get(one.Path, cancel)).Status))));
        return answers.Where(one => one.Read is not null).ToDictionary(one => one.Area, one => one.Read!.Value);

        // 410: the repository has its issues turned off, which is no matter of rights.
        static bool? Means(HttpStatusCode status) => status switch
        {
            HttpStatusCode.Forbidden or HttpStatusCode.NotFound => false,
            HttpStatusCode.Gone => true,
            _ when (int)status < 300 => true,
            _ => null,
        };
    }

    private async Task<DoctorCheck> Fetch(RepoRef repo, AccessToken token, CancellationToken cancel)
    {
        var remote = new GitRemote(repo.Url, token.Value);
        try
        {
            var answer = await git.Try(new GitCommand("ls-remote", "--quiet", "--", remote.Address, "HEAD") { Remote = remote, TimeLimit = TimeSpan.FromSeconds(8) }, cancel);
            return answer.Ok
                ? DoctorCheck.Fine("git-fetch", $"git reads {remote.Address}")
                : DoctorCheck.Bad("git-fetch", $"git can't read {remote.Address}: {GitRunner.LastLines(answer.Errors, 2).ReplaceLineEndings(" ")}", "The API is reachable but git isn't let in: check GitHub:WebUrl, and git's own proxy and certificates (HTTPS_PROXY, GIT_SSL_CAINFO).");
        }
        catch (GitException trouble)
        {
            return DoctorCheck.Bad("git-fetch", $"git can't read {remote.Address}: {(trouble.ExitCode == GitException.TimedOut ? "no answer within 8 s" : trouble.Message.ReplaceLineEndings(" "))}", "Check GitHub:WebUrl, and git's own proxy (HTTPS_PROXY).");
        }
    }
}
