using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>GitHub: reachable, who Ampx is there, what is left of its rate limit; then the repository, if it is one of GitHub's.</summary>
internal sealed class GitHubExam(IGitHubCredential credential, GitHubClients clients, RepositoryLook repositories, TimeProvider time) : IExam
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    public string Name => "github";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (repo is { Kind: ForgeKind.Git }) repo = null;
        var given = await credential.IsGiven(cancel);
        if (!given)
        {
            var fix = Sentence(PersonalToken.HowToGiveOne);
            yield return repo is null
                ? DoctorCheck.Warning("github-credential", "none: only plain git repositories can be worked on", fix)
                : DoctorCheck.Bad("github-credential", "none", fix);
            if (repo is null) yield break;
        }

        var (reached, skew) = await Reach(cancel);
        yield return reached;
        if (skew > TimeSpan.FromMinutes(1))
            yield return DoctorCheck.Warning("clock", $"this machine's clock and GitHub's differ by {skew.TotalSeconds:0} s: times are shown wrong, and signed keys may be refused", "Set the clock by NTP.");
        if (!reached.Ok || !given) yield break;

        var (identity, who) = await WhoAmI(repo, cancel);
        yield return who;
        if (who is { Ok: false, Needed: true }) yield break;
        // An App has a budget for each installation: without a repository there is none to ask of.
        if (repo is null && identity is null or { IsApp: true }) yield break;

        var token = await credential.Token(repo ?? Anything, cancel);
        var probe = new GitHubProbe(clients, token);
        yield return await Limit(probe, cancel);
        if (repo is null) yield break;
        await foreach (var check in repositories.Look(repo, probe, token, identity, cancel)) yield return check;
    }

    /// <summary>A person's token is the same for every repository.</summary>
    private RepoRef Anything => RepoRef.Parse("any/any", clients.Options.WebUrl, out _)!;

    private async Task<(DoctorCheck Check, TimeSpan Skew)> Reach(CancellationToken cancel)
    {
        var url = clients.Options.Rest;
        var proxy = HttpClient.DefaultProxy.IsBypassed(url) ? null : HttpClient.DefaultProxy.GetProxy(url);
        using var limit = new CancellationTokenSource(Patience, time);
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        var began = Stopwatch.GetTimestamp();
        try
        {
            // Free of charge, and answered with or without a token.
            var answer = await new GitHubProbe(clients, null).Get("rate_limit", soon.Token);
            var took = Stopwatch.GetElapsedTime(began);
            var skew = answer.Headers.TryGetValue("date", out var date) && DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, out var theirs) ? (time.GetUtcNow() - theirs).Duration() : TimeSpan.Zero;
            if (!answer.Headers.ContainsKey("x-github-request-id") && !answer.Headers.ContainsKey("x-github-media-type"))
                return (DoctorCheck.Bad(Name, $"{url} answers {(int)answer.Status}, but not like GitHub's API", "GitHub:ApiUrl is https://api.github.com/, or an Enterprise server's https://HOST/api/v3/; a proxy that answers for itself looks like this too."), TimeSpan.Zero);
            if ((int)answer.Status >= 500) return (DoctorCheck.Bad(Name, $"{url} answers {(int)answer.Status}: GitHub has trouble of its own", "See https://www.githubstatus.com, and try again later."), skew);
            var version = answer.Headers.TryGetValue("x-github-enterprise-version", out var number) ? $", Enterprise Server {number}" : "";
            return (DoctorCheck.Fine(Name, $"{url} answers in {took.TotalMilliseconds:0} ms{(proxy is null ? "" : $" through the proxy {proxy.Authority}")}{version}"), skew);
        }
        catch (Exception trouble) when (trouble is HttpRequestException or IOException or TimeoutException || (trouble is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            var (detail, fix) = NetworkWords.Of(trouble, url, proxy);
            return (DoctorCheck.Bad(Name, detail, fix), TimeSpan.Zero);
        }
    }

    private async Task<(GitHubIdentity? Identity, DoctorCheck Check)> WhoAmI(RepoRef? repo, CancellationToken cancel)
    {
        const string Credential = "github-credential";
        try
        {
            var who = await credential.WhoAmI(repo, cancel);
            if (who.IsApp)
            {
                var on = who.InstalledOn.Count == 0 ? "installed nowhere" : $"installed on {string.Join(", ", who.InstalledOn)}";
                return (who, who.InstalledOn.Count > 0 ? DoctorCheck.Fine(Credential, $"the App {who.AppName ?? who.Login} ({who.Login}), {on}") : DoctorCheck.Bad(Credential, $"the App {who.Login} is {on}", InstallApp(who)));
            }

            var kind = who.Scopes is { } scopes ? $"a token with {(scopes.Count == 0 ? "no scopes" : $"scopes {string.Join(", ", scopes)}")}" : "a fine-grained token";
            return (who, DoctorCheck.Fine(Credential, $"{who.Login}, by {kind}"));
        }
        catch (ForgeException limited) when (limited.RetryAt is { } until)
        {
            return (null, DoctorCheck.Bad("github-rate-limit", $"used up until {Clock(until)}", "Wait until then; tasks do so by themselves."));
        }
        catch (ForgeException no) when (repo is not null && no.InnerException is Octokit.ForbiddenException { Message: var words } && words.Contains("integration", StringComparison.OrdinalIgnoreCase))
        {
            // An installation's or a workflow's token has no user.
            return (null, DoctorCheck.Warning(Credential, "GitHub doesn't say whose token it is: one of an App's installation or of a workflow, good for hours at most, and a push with a workflow's own starts no CI", "Give a user's token, or the App itself (Ampx:GitHub:AppId)."));
        }
        catch (ForgeException no)
        {
            return (null, DoctorCheck.Bad(Credential, no.Message, no.Code switch
            {
                ErrorCodes.GitHubUnauthorized => "Make a new one and give it to the service; it may have expired or been taken back.",
                ErrorCodes.GitHubNotFound when repo is not null => $"Install the App on {repo.Owner}/{repo.Name}.",
                ErrorCodes.GitHubForbidden => "Mend that at GitHub, then run doctor again.",
                _ => "Try again; if it stays, check the credential at GitHub.",
            }));
        }
    }

    private async Task<DoctorCheck> Limit(GitHubProbe probe, CancellationToken cancel)
    {
        const string Name = "github-rate-limit";
        var answer = await probe.Get("rate_limit", cancel);
        if (answer.Status is HttpStatusCode.NotFound) return DoctorCheck.Fine(Name, "this server has none");
        if (!answer.Ok || answer.Find("resources") is not { } resources || !resources.TryGetProperty("core", out var core)) return DoctorCheck.Warning(Name, $"GitHub doesn't tell it: {answer.Words}");
        var (limit, left) = (Number(core, "limit"), Number(core, "remaining"));
        var reset = DateTimeOffset.FromUnixTimeSeconds(Number(core, "reset"));
        var text = string.Create(CultureInfo.InvariantCulture, $"{left:#,0} of {limit:#,0} calls left, renewed at {Clock(reset)} (in {Math.Max((reset - time.GetUtcNow()).TotalMinutes, 0):0} min)");
        if (left == 0) return DoctorCheck.Bad(Name, text, "Wait until then; tasks do so by themselves. Something else may be using the same credential.");
        return left >= limit / 10 ? DoctorCheck.Fine(Name, text) : DoctorCheck.Warning(Name, text, "See what else uses the same credential; an App's limit is its own.");
    }

    internal string InstallApp(GitHubIdentity app) => $"Install it: {new Uri(clients.Options.Web, $"apps/{app.Login}/installations/new")}";

    internal static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}.";

    private static long Number(JsonElement at, string name) => at.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : 0;

    private static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
