using System.Security.Cryptography;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Accounts;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Ampx.Tests.FakeGitHub.Description;

namespace Ampx.Tests.Forges;

/// <summary>A GitHub with an App that is installed nowhere yet, and a service that has its key; each with its own clock.</summary>
internal sealed class AppWorld : IAsyncDisposable
{
    public const string Name = "acme/calc";
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly SocketsHttpHandler network = GitHubClients.Network();

    private AppWorld(FakeGitHubServer server, FakeTimeProvider theirs)
    {
        (Server, Theirs) = (server, theirs);
        KeyFile = Path.GetTempFileName();
        File.WriteAllText(KeyFile, Rsa.ExportRSAPrivateKeyPem());
        App = server.Site.Apps.RegisterOnly(77, Rsa.ExportRSAPublicKeyPem());
        Options = new()
        {
            ApiUrl = new(server.ApiUrl),
            WebUrl = new(server.WebUrl),
            AppId = "77",
            PrivateKeyPath = KeyFile,
            HiccupDelay = TimeSpan.Zero,
            LookAgain = TimeSpan.Zero,
        };
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        Clients = new(options, Time, network);
        Credential = new(AppKey.Read("77", KeyFile), Clients, Time);
        Api = new(Credential, Clients);
        Remotes = new(Api, Credential, new GitHubActions(Api, Time), Time);
    }

    public FakeGitHubServer Server { get; }
    public GitHubApp App { get; }
    public string KeyFile { get; }
    public RSA Rsa { get; } = RSA.Create(2048);
    public GitHubOptions Options { get; }
    public GitHubClients Clients { get; }
    public AppCredential Credential { get; }
    public GitHubApi Api { get; }
    public GitHubRemotes Remotes { get; }

    /// <summary>The service's clock.</summary>
    public FakeTimeProvider Time { get; } = new(Noon);

    /// <summary>GitHub's clock.</summary>
    public FakeTimeProvider Theirs { get; }

    public RepoRef Repo => Of(Name);

    public int Minted => Server.Site.Requests.Count("POST", "access_tokens");
    public int LookedUp => Server.Site.Requests.Count("GET", "/installation");

    /// <summary>With the repository acme/calc.</summary>
    public static async Task<AppWorld> Start()
    {
        var theirs = new FakeTimeProvider(Noon);
        var world = new AppWorld(await DescribedGitHub.Start(new() { Time = theirs }), theirs);
        await world.Server.CreateRepository(Name, new Dictionary<string, string> { ["README.md"] = "A calculator." });
        return world;
    }

    public RepoRef Of(string name) => RepoRef.Parse(name, Options.WebUrl, out _)!;

    public void Pass(TimeSpan span)
    {
        Time.Advance(span);
        Theirs.Advance(span);
    }

    /// <summary>An ordinary call.</summary>
    public async Task<string> Ask(string name = Name) =>
        (await Api.Ask(Of(name), "see it", client => client.Repository.Get(Of(name).Owner, Of(name).Name), default)).FullName;

    public async ValueTask DisposeAsync()
    {
        Credential.Dispose();
        Clients.Dispose();
        network.Dispose();
        Rsa.Dispose();
        File.Delete(KeyFile);
        await Server.DisposeAsync();
    }
}
