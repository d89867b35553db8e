using System.Net.Http.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;
using PullRequest = Ampx.FakeGitHub.Repositories.PullRequest;

namespace Ampx.Tests.EndToEnd;

/// <summary>One repository on the fake GitHub, the service beside it, and a person who works there by hand.</summary>
internal sealed class PullRequestScene : IAsyncDisposable
{
    public const string Name = "acme/answer";
    public const string Instruction = "Write the answer\n\nfake: write answer 42";
    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - run: test "$(cat answer)" = 42
        """;
    private readonly HttpClient person = new();

    private PullRequestScene(FakeGitHubServer github, Stage stage) => (GitHub, Stage) = (github, stage);

    public FakeGitHubServer GitHub { get; }
    public Stage Stage { get; }
    public Repository Repository => GitHub.Site.Repositories[Name];

    /// <summary>The latest.</summary>
    public PullRequest Pull => Repository.Pulls.Last();

    /// <param name="settle">How long a green commit waits for more workflows: the time in which a person can come between.</param>
    public static async Task<PullRequestScene> Begin(RepositorySettings? settings = null, TokenSpec? token = null, string settle = "00:00:01")
    {
        var github = await DescribedGitHub.Start();
        var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Ci__PollInterval"] = "00:00:00.2";
        stage.Environment["Ampx__Ci__SettleTime"] = settle;
        if (token is not null) stage.Environment["Ampx__GitHub__Token"] = github.Site.Tokens.Create(token).Value;
        var scene = new PullRequestScene(github, stage);
        (await github.CreateRepository(Name, GitHubTests.Files(Workflow))).Settings = settings ?? new();
        scene.person.BaseAddress = new($"{github.ApiUrl}repos/{Name}/");
        scene.person.DefaultRequestHeaders.Authorization = new("Bearer", github.CreateToken());
        await stage.Up();
        return scene;
    }

    /// <summary>A task with a green commit and an open pull request.</summary>
    public async Task<TaskView> Green(params string[] options)
    {
        var task = await Stage.Ended((await Stage.Start(Name, Instruction, options)).Id);
        Assert.Equal((Status.Success, PullRequestState.Open), (task.Status, task.PullRequest?.State));
        return task;
    }

    /// <summary>A person's call to the API of the repository.</summary>
    public async Task Does(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await person.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    public Task Closes() => Does(HttpMethod.Patch, $"pulls/{Pull.Number}", new { state = "closed" });

    public Task Merges() => Does(HttpMethod.Put, $"pulls/{Pull.Number}/merge", new { merge_method = "merge" });

    public async ValueTask DisposeAsync()
    {
        person.Dispose();
        await Stage.DisposeAsync();
        await GitHub.DisposeAsync();
    }
}
