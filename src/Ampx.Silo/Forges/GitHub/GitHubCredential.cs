using Ampx.Core.Tasks;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Who Ampx is at GitHub: the token from the settings, else from <c>GITHUB_TOKEN</c> or <c>GH_TOKEN</c>, else <c>gh</c>'s.</summary>
public sealed class GitHubCredential(IOptions<GitHubOptions> options) : IDisposable
{
    /// <summary>The ways to give one, for people who have given none.</summary>
    public const string HowToGiveOne = "set Ampx:GitHub:Token or GITHUB_TOKEN (a token that may write contents and pull requests and read actions), or sign in with 'gh auth login'";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private string? _gh;

    /// <summary>The token to use for <paramref name="repo"/>; null if there is none.</summary>
    public async ValueTask<string?> Token(RepoRef repo, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        var given = Given(options.Value.Token) ?? Given(Environment.GetEnvironmentVariable("GITHUB_TOKEN")) ?? Given(Environment.GetEnvironmentVariable("GH_TOKEN"));
        if (given is not null || !options.Value.AskGh) return given;
        await _gate.WaitAsync(cancel);
        try
        {
            // A login made later is found too: only a token is remembered.
            return _gh ??= await AskGh(cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The token to use for <paramref name="repo"/>.</summary>
    /// <exception cref="ForgeException">github_unauthorized: there is none.</exception>
    public async ValueTask<string> Need(RepoRef repo, CancellationToken cancel) =>
        await Token(repo, cancel) ?? throw new ForgeException(ErrorCodes.GitHubUnauthorized, $"no credential for {repo.Key} is configured: {HowToGiveOne}");

    /// <summary>A token that GitHub refused is not offered again: gh may hold a new one by now.</summary>
    internal void Refused() => _gh = null;

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<string?> AskGh(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            var said = await Cli.Wrap("gh").WithArguments(["auth", "token", "--hostname", options.Value.WebUrl.Host])
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
            return said.ExitCode == 0 ? Given(said.StandardOutput) : null;
        }
        catch (Exception trouble) when (trouble is System.ComponentModel.Win32Exception || (trouble is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
