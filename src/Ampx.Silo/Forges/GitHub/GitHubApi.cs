using System.Net;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub.Credentials;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>
/// Asks GitHub about a repository, as whoever Ampx is there: a token that died is replaced and the call repeated, once; every failure is told as a
/// <see cref="ForgeException"/>. Trouble of more than seconds is the task's to wait out.
/// </summary>
public sealed class GitHubApi(IGitHubCredential credential, GitHubClients clients)
{
    internal GitHubOptions Options => clients.Options;

    /// <summary>Asks GitHub. <paramref name="what"/> completes "couldn't …" in the message.</summary>
    /// <exception cref="ForgeException">With Octokit's exception inside where GitHub answered.</exception>
    public Task<T> Ask<T>(RepoRef repo, string what, Func<Octokit.IGitHubClient, Task<T>> ask, CancellationToken cancel) =>
        With(repo, what, token => clients.Ask(token, ask, cancel), cancel);

    /// <summary>A GET of which only a change is wanted: 304 while what <paramref name="etag"/> named is still so.</summary>
    /// <exception cref="ForgeException">With Octokit's exception inside where GitHub refused.</exception>
    internal Task<HttpResponseMessage> GetIfChanged(RepoRef repo, string what, Uri url, string? etag, CancellationToken cancel) =>
        With(repo, what, token => clients.GetIfChanged(token, url, etag, cancel), cancel);

    private async Task<T> With<T>(RepoRef repo, string what, Func<AccessToken, Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            var token = await credential.Token(repo, cancel);
            try
            {
                return await ask(token);
            }
            catch (Octokit.AuthorizationException)
            {
                if (await credential.Replace(repo, token.Value, cancel) is not { } fresh) throw;
                return await ask(fresh);
            }
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            throw clients.Told($"{repo.Owner}/{repo.Name}", what, trouble);
        }
    }

    /// <summary>Asks GitHub for something that has no answer.</summary>
    public Task Ask(RepoRef repo, string what, Func<Octokit.IGitHubClient, Task> ask, CancellationToken cancel) =>
        Ask(repo, what, async client =>
        {
            await ask(client);
            return true;
        }, cancel);

    /// <summary>A GraphQL mutation, for what REST lacks.</summary>
    /// <exception cref="ForgeException">Also for errors in a 200 answer.</exception>
    public async Task Mutate(RepoRef repo, string what, string query, Dictionary<string, object> variables, CancellationToken cancel)
    {
        var answer = await Query<GraphQLAnswer>(repo, what, query, variables, cancel);
        if (answer.Errors is not [{ } first, ..]) return;
        throw first.Type switch
        {
            "RATE_LIMITED" => clients.Limited(what, first.Message),
            "FORBIDDEN" => new ForgeException(ErrorCodes.GitHubForbidden, $"couldn't {what}: {first.Message}"),
            _ => new ForgeException(ErrorCodes.NotMergeable, $"couldn't {what}: {first.Message}"),
        };
    }

    /// <summary>A GraphQL question. Errors in a 200 answer are the caller's to look for.</summary>
    internal async Task<T> Query<T>(RepoRef repo, string what, string query, Dictionary<string, object> variables, CancellationToken cancel) => (await Ask(repo, what, client => client.Connection.Post<T>(
        Options.GraphQL, new Dictionary<string, object> { ["query"] = query, ["variables"] = variables }, "application/json", "application/json", (IDictionary<string, string>?)null, cancel), cancel)).Body;

    /// <summary>One GET beside Octokit, which can't stream; the token goes to the API's own address only.</summary>
    internal async Task<HttpResponseMessage> Get(RepoRef repo, Uri url, CancellationToken cancel)
    {
        if (!url.IsAbsoluteUri || !Options.Rest.IsBaseOf(url)) return await Get(url, null, cancel);
        var token = await credential.Token(repo, cancel);
        var answer = await Get(url, token, cancel);
        if (answer.StatusCode is not HttpStatusCode.Unauthorized || await credential.Replace(repo, token.Value, cancel) is not { } fresh) return answer;
        answer.Dispose();
        return await Get(url, fresh, cancel);
    }

    /// <summary>GitHub's own words for a refusal, with the details that it puts beside.</summary>
    internal static string Words(Octokit.ApiException no)
    {
        var details = no.ApiError?.Errors?.Select(error => error.Message ?? $"{error.Field} {error.Code}".Trim()).Where(text => text.Length > 0).ToList();
        return details is { Count: > 0 } ? $"{no.Message}: {string.Join("; ", details)}" : no.Message;
    }

    private async Task<HttpResponseMessage> Get(Uri url, AccessToken? token, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        return await clients.Send(request, token, cancel);
    }

    /// <summary>Octokit fills it by its own names.</summary>
    internal sealed class GraphQLAnswer
    {
        public List<GraphQLError>? Errors { get; set; }
    }

    internal sealed class GraphQLError
    {
        public string? Type { get; set; }
        public string? Message { get; set; }
    }
}
