using System.Globalization;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>What an App asks of GitHub with its own JSON web token. A refusal for a clock that goes wrong is mended by GitHub's own time, once.</summary>
internal sealed class AppCalls(AppKey key, GitHubClients clients, TimeProvider time)
{
    /// <summary>Less is no reason for a refusal.</summary>
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(30);
    private TimeSpan _ahead;

    /// <summary>GitHub's clock, as far as it is known to differ from ours.</summary>
    public DateTimeOffset Now => time.GetUtcNow() + _ahead;

    public string AppId => key.AppId;

    public Task<AppShapes.App> App(CancellationToken cancel) => Get<AppShapes.App>("app", cancel);

    public Task<List<AppShapes.Installation>> Installations(CancellationToken cancel) => Get<List<AppShapes.Installation>>("app/installations?per_page=100", cancel);

    public Task<AppShapes.Installation> InstallationOf(RepoRef repo, CancellationToken cancel) => Get<AppShapes.Installation>($"repos/{repo.Owner}/{repo.Name}/installation", cancel);

    /// <summary>A token of an hour; <paramref name="only"/> narrows it, e.g. <c>repositories</c> to a list of names.</summary>
    public async Task<AccessToken> Mint(long installation, Dictionary<string, object> only, CancellationToken cancel)
    {
        var made = await Ask(client => client.Connection.Post<AppShapes.Minted>(
            new Uri($"app/installations/{installation}/access_tokens", UriKind.Relative), only, "application/vnd.github+json", "application/json", (IDictionary<string, string>?)null, cancel), cancel);
        return new(made.Token, $"app-installation-{installation}") { ExpiresAt = made.ExpiresAt, Permissions = made.Permissions };
    }

    private Task<T> Get<T>(string path, CancellationToken cancel) => Ask(client => client.Connection.Get<T>(new Uri(path, UriKind.Relative), null), cancel);

    private async Task<T> Ask<T>(Func<Octokit.IGitHubClient, Task<Octokit.IApiResponse<T>>> ask, CancellationToken cancel)
    {
        try
        {
            return (await clients.Ask(Jwt(), ask, cancel)).Body;
        }
        catch (Octokit.AuthorizationException no) when (IsForTheClock(no))
        {
            return (await clients.Ask(Jwt(), ask, cancel)).Body;
        }
    }

    private AccessToken Jwt() => new(key.Sign(Now), $"app-{key.AppId}");

    private bool IsForTheClock(Octokit.AuthorizationException no)
    {
        var date = no.HttpResponse?.Headers.FirstOrDefault(header => header.Key.Equals("Date", StringComparison.OrdinalIgnoreCase)).Value;
        if (!DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var theirs)) return false;
        var ahead = theirs - time.GetUtcNow();
        if ((ahead - _ahead).Duration() < Noticeable) return false;
        _ahead = ahead;
        return true;
    }
}
