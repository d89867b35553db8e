using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Repositories;
using Ampx.Tests.FakeGitHub.Description;
using CliWrap;
using CliWrap.Buffered;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>A server with one repository whose CI is <c>sh ./test.sh</c>, a checkout of it, and a client with a token.</summary>
public sealed class Forge : IAsyncDisposable
{
    public const string Name = "acme/calc";
    private readonly string folder = Directory.CreateTempSubdirectory("ampx-forge-").FullName;

    private Forge(FakeGitHubServer server, HttpClient client, string token) => (Server, Client, Token) = (server, client, token);

    public FakeGitHubServer Server { get; }

    public HttpClient Client { get; }

    public string Token { get; }

    public Repository Repository => Server.Site.Repositories[Name];

    public string Checkout => Path.Combine(folder, "calc");

    public static string Workflow(string run, string on = "push") => $"""
        name: CI
        on: {on}
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Run tests
                run: {run}
        """;

    public static async Task<Forge> Start(string on = "push")
    {
        var server = await DescribedGitHub.Start(asksWrongly: true);
        await server.CreateRepository(Name, new Dictionary<string, string>
        {
            [".github/workflows/ci.yml"] = Workflow("sh ./test.sh", on),
            ["test.sh"] = "echo all is well\n",
        });
        var token = server.CreateToken();
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"{server.ApiUrl}repos/{Name}/") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var forge = new Forge(server, client, token);
        await Succeeds(forge.folder, "clone", "--quiet", server.GitUrl(Name, token), forge.Checkout);
        return forge;
    }

    /// <summary>Commits one file on a branch and pushes it; the new commit, and git's answer.</summary>
    public async Task<(string Sha, BufferedCommandResult Push)> Push(string branch, string file, string text, string message = "Change")
    {
        await Succeeds(Checkout, "checkout", "--quiet", "-B", branch);
        var path = Path.Combine(Checkout, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text);
        await Succeeds(Checkout, "add", "--all");
        await Succeeds(Checkout, "-c", "user.name=Dev", "-c", "user.email=dev@example.com", "commit", "--quiet", "-m", message);
        var sha = await Succeeds(Checkout, "rev-parse", "HEAD");
        return (sha, await Git(Checkout, "push", "--force", "origin", branch));
    }

    public async Task<JsonNode> Get(string path)
    {
        using var answer = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!;
    }

    public async Task<(int Status, JsonNode? Body)> Send(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    public async Task<int> OpenPull(string head, bool draft = false)
    {
        var (status, body) = await Send(HttpMethod.Post, "pulls", new { title = "A change", head, @base = "main", draft });
        Assert.Equal(201, status);
        return (int)body!["number"]!;
    }

    /// <summary>The commit's only run, once it has ended.</summary>
    public async Task<JsonNode> EndedRun(string sha)
    {
        await Repository.Runs.Single(run => run.HeadSha == sha).Completed.WaitAsync(TimeSpan.FromSeconds(30));
        return (await Get($"actions/runs?head_sha={sha}"))["workflow_runs"]![0]!;
    }

    public static async Task Until(Func<bool> holds, int seconds = 30)
    {
        var since = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(seconds), $"it did not come to hold within {seconds} s");
            await Task.Delay(20);
        }
    }

    public static Task<BufferedCommandResult> Git(string folder, params string[] arguments) =>
        CliWrap.Cli.Wrap("git").WithArguments(arguments).WithWorkingDirectory(folder).WithValidation(CommandResultValidation.None)
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["GIT_TERMINAL_PROMPT"] = "0", ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["LC_ALL"] = "C" })
            .ExecuteBufferedAsync(Encoding.UTF8).Task;

    public static async Task<string> Succeeds(string folder, params string[] arguments)
    {
        var result = await Git(folder, arguments);
        Assert.True(result.ExitCode == 0, result.StandardError);
        return result.StandardOutput.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
