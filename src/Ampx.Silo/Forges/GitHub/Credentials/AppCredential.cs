using System.Collections.Concurrent;
using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>A GitHub App: each repository's installation gives tokens of an hour, which are shared by all tasks there and renewed before they end.</summary>
public sealed class AppCredential : IGitHubCredential, IDisposable
{
    /// <summary>A call that begins with a token should end with it.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(5);

    /// <summary>A repository may move to another account, an App may be installed anew.</summary>
    private static readonly TimeSpan InstallationHolds = TimeSpan.FromHours(1);
    private static readonly TimeSpan MaskedAfterwards = TimeSpan.FromHours(1);
    private readonly ConcurrentDictionary<string, Shared<Place>> _places = new();
    private readonly ConcurrentDictionary<long, Shared<AccessToken>> _tokens = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _secrets = new();
    private readonly Shared<AppShapes.App> _app = new();
    private readonly AppKey _key;
    private readonly GitHubClients _clients;
    private readonly AppCalls _calls;
    private readonly Redactor? _redactor;

    /// <summary>The App of <paramref name="key"/>.</summary>
    public AppCredential(AppKey key, GitHubClients clients, TimeProvider time, Redactor? redactor = null) =>
        (_key, _clients, _calls, _redactor) = (key, clients, new(key, clients, time), redactor);

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Secrets => [.. _secrets.Keys];

    /// <inheritdoc/>
    public ValueTask<bool> IsGiven(CancellationToken cancel) => ValueTask.FromResult(true);

    /// <inheritdoc/>
    public async ValueTask<AccessToken> Token(RepoRef repo, CancellationToken cancel) => await At(repo, place => Current(place, null, cancel), cancel);

    /// <inheritdoc/>
    public async ValueTask<AccessToken?> Replace(RepoRef repo, string refused, CancellationToken cancel) => await At(repo, place => Current(place, refused, cancel), cancel);

    /// <inheritdoc/>
    public async ValueTask<AccessToken> TokenForPush(RepoRef repo, CancellationToken cancel) => await At(repo, async place =>
    {
        try
        {
            return await Mint(place, new() { ["repositories"] = new[] { repo.Name } }, cancel);
        }
        catch (Octokit.ApiValidationException)
        {
            // Of a renamed repository GitHub follows the old name everywhere but here.
            var token = await Current(place, null, cancel);
            var there = await _clients.Ask(token, client => client.Connection.Get<AppShapes.Numbered>(new Uri($"repos/{repo.Owner}/{repo.Name}", UriKind.Relative), null), cancel);
            return await Mint(place, new() { ["repository_ids"] = new[] { there.Body.Id } }, cancel);
        }
    }, cancel);

    /// <inheritdoc/>
    public async Task<GitHubIdentity> WhoAmI(RepoRef? repo, CancellationToken cancel)
    {
        try
        {
            var app = await _calls.App(cancel);
            var identity = new GitHubIdentity(app.Slug, IsApp: true) { AppName = app.Name };
            if (repo is null) return identity with { InstalledOn = [.. (await _calls.Installations(cancel)).Select(one => one.Account?.Login ?? "")] };
            return await At(repo, async place => identity with { InstalledOn = [place.Account], Permissions = (await Mint(place, [], cancel)).Permissions }, cancel);
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            throw Told(repo is null ? "the App" : $"{repo.Owner}/{repo.Name}", "ask GitHub who the App is", trouble);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>Does something with the repository's installation, and with a new one where the known one is gone.</summary>
    private async Task<T> At<T>(RepoRef repo, Func<Place, Task<T>> use, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        try
        {
            var place = await Find(repo, null, cancel);
            try
            {
                return await use(place);
            }
            catch (Octokit.NotFoundException)
            {
                return await use(await Find(repo, gone: place, cancel));
            }
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            throw Told($"{repo.Owner}/{repo.Name}", "get a token of the GitHub App", trouble);
        }
    }

    private Task<Place> Find(RepoRef repo, Place? gone, CancellationToken cancel)
    {
        if (_places.Count > 10_000) _places.Clear();
        return _places.GetOrAdd(repo.Key, _ => new()).Get(
            place => place != gone && _calls.Now < place.Until,
            async () =>
            {
                try
                {
                    var found = await _calls.InstallationOf(repo, CancellationToken.None);
                    if (found.SuspendedAt is not null) throw Suspended(found.Account?.Login ?? repo.Owner, found.HtmlUrl);
                    return new(found.Id, found.Account?.Login ?? repo.Owner, found.HtmlUrl, _calls.Now + InstallationHolds);
                }
                catch (Octokit.NotFoundException no)
                {
                    var app = await _app.Get(_ => true, () => _calls.App(CancellationToken.None), CancellationToken.None);
                    throw new ForgeException(ErrorCodes.GitHubNotFound,
                        $"the GitHub App {app.Slug} isn't installed on {repo.Owner}/{repo.Name} (or there is no such repository): install it at {app.HtmlUrl}/installations/new", no);
                }
            },
            cancel);
    }

    /// <summary>The installation's token that all share, unless it is <paramref name="refused"/> or about to end: then a new one.</summary>
    private Task<AccessToken> Current(Place place, string? refused, CancellationToken cancel) => _tokens.GetOrAdd(place.Installation, _ => new()).Get(
        token => token.Value != refused && !(token.ExpiresAt <= _calls.Now + Reserve),
        () => Mint(place, [], CancellationToken.None),
        cancel);

    private async Task<AccessToken> Mint(Place place, Dictionary<string, object> only, CancellationToken cancel)
    {
        try
        {
            var token = await _calls.Mint(place.Installation, only, cancel);
            foreach (var (old, until) in _secrets)
                if (until < _calls.Now) _secrets.TryRemove(old, out _);
            _redactor?.KnowForAWhile(token.Value);
            _secrets[token.Value] = (token.ExpiresAt ?? _calls.Now) + MaskedAfterwards;
            return token;
        }
        catch (Octokit.ForbiddenException no) when (no.Message.Contains("suspended", StringComparison.OrdinalIgnoreCase))
        {
            throw Suspended(place.Account, place.Link);
        }
    }

    private ForgeException Told(string name, string what, Exception trouble) => trouble is Octokit.AuthorizationException no
        ? new(ErrorCodes.GitHubUnauthorized, $"couldn't {what}: GitHub doesn't accept the key of App {_calls.AppId} ({GitHubApi.Words(no)}): check Ampx:GitHub:AppId, Ampx:GitHub:PrivateKeyPath and the clock", no)
        : _clients.Told(name, what, trouble);

    private static ForgeException Suspended(string account, string? link) =>
        new(ErrorCodes.GitHubForbidden, $"the GitHub App's installation on {account} is suspended: unsuspend it{(link is null ? "" : $" at {link}")}");

    /// <summary>Where the App is installed for a repository, and how long that is taken for known.</summary>
    private sealed record Place(long Installation, string Account, string? Link, DateTimeOffset Until);
}
