using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>A person's token: from the settings, else from <c>GITHUB_TOKEN</c> or <c>GH_TOKEN</c>, else <c>gh</c>'s.</summary>
public sealed class PersonalToken(IOptions<GitHubOptions> options, GitHubClients clients, Redactor? redactor = null) : IGitHubCredential, IDisposable
{
    /// <summary>The ways to give one, for people who have given none.</summary>
    public const string HowToGiveOne = "set Ampx:GitHub:Token or GITHUB_TOKEN (a token that may write contents and pull requests and read actions), sign in with 'gh auth login', or give a GitHub App (Ampx:GitHub:AppId)";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<string, byte> _seen = new();
    private string? _gh;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Secrets => [.. _seen.Keys];

    /// <inheritdoc/>
    public async ValueTask<bool> IsGiven(CancellationToken cancel) => await Find(cancel) is not null;

    /// <inheritdoc/>
    public async ValueTask<AccessToken> Token(RepoRef repo, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        return await Find(cancel) ?? throw None(repo.Key);
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> TokenForPush(RepoRef repo, CancellationToken cancel) => Token(repo, cancel);

    /// <summary>Only <c>gh</c> may hold another one by now.</summary>
    public async ValueTask<AccessToken?> Replace(RepoRef repo, string refused, CancellationToken cancel)
    {
        if (Given() is not null || !options.Value.AskGh) return null;
        await _gate.WaitAsync(cancel);
        try
        {
            if (_gh == refused) _gh = await AskGh(cancel);
            return _gh is not null && _gh != refused ? Of(_gh) : null;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<GitHubIdentity> WhoAmI(RepoRef? repo, CancellationToken cancel)
    {
        const string What = "ask GitHub who the token is";
        var token = await Find(cancel) ?? throw None("GitHub");
        try
        {
            var answer = await clients.Ask(token, client => client.Connection.Get<Octokit.User>(new Uri("user", UriKind.Relative), null), cancel);
            var scopes = answer.HttpResponse.Headers.FirstOrDefault(header => header.Key.Equals("X-OAuth-Scopes", StringComparison.OrdinalIgnoreCase)).Value;
            return new(answer.Body.Login, IsApp: false) { Scopes = scopes?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
        }
        catch (Octokit.AuthorizationException no)
        {
            throw new ForgeException(ErrorCodes.GitHubUnauthorized, $"couldn't {What}: GitHub doesn't accept it ({GitHubApi.Words(no)}): {HowToGiveOne}", no);
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            throw clients.Told("the token's user", What, trouble);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async ValueTask<AccessToken?> Find(CancellationToken cancel)
    {
        if (Given() is { } given) return Of(given);
        if (!options.Value.AskGh) return null;
        await _gate.WaitAsync(cancel);
        try
        {
            // A login made later is found too: only a token is remembered.
            _gh ??= await AskGh(cancel);
            return _gh is null ? null : Of(_gh);
        }
        finally
        {
            _gate.Release();
        }
    }

    private string? Given() =>
        Text(options.Value.Token) ?? Text(Environment.GetEnvironmentVariable("GITHUB_TOKEN")) ?? Text(Environment.GetEnvironmentVariable("GH_TOKEN"));

    private AccessToken Of(string value)
    {
        _seen.TryAdd(value, 0);
        redactor?.Know(value);
        return new(value, $"token-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)))[..12]}");
    }

    private async Task<string?> AskGh(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            var said = await Cli.Wrap("gh").WithArguments(["auth", "token", "--hostname", options.Value.WebUrl.Host])
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
            return said.ExitCode == 0 ? Text(said.StandardOutput) : null;
        }
        catch (Exception trouble) when (trouble is System.ComponentModel.Win32Exception || (trouble is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    private static ForgeException None(string what) => new(ErrorCodes.GitHubUnauthorized, $"no credential for {what} is configured: {HowToGiveOne}");

    private static string? Text(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
