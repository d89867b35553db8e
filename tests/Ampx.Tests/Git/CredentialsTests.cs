using System.Net;
using System.Net.Sockets;
using System.Text;
using Ampx.Silo.Git;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Serialization;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class CredentialsTests : IDisposable
{
    private const string Secret = "ghs_verysecret";
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task The_token_reaches_the_server_and_nothing_else()
    {
        using var server = new AskingServer();
        var remote = new GitRemote(server.Url + "o/r.git", Secret);

        var failure = await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(remote));

        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + Secret)), server.Seen.Last(s => s is not null));
        Assert.Equal("clone_failed", failure.Code);
        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, remote.ToString(), StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(world.Data, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(Secret, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_to_another_host_gets_no_token()
    {
        using var other = new AskingServer();
        using var server = new AskingServer { RedirectTo = other.Url };
        await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(new GitRemote(server.Url + "o/r.git", Secret)));
        Assert.NotEmpty(other.Seen);
        Assert.All(other.Seen, Assert.Null);
    }

    [Fact]
    public async Task A_password_in_an_address_is_asked_for_instead_of_shown()
    {
        using var server = new AskingServer();
        var remote = new GitRemote(server.Url.Replace("http://", $"http://me:{Secret}@", StringComparison.Ordinal) + "o/r.git");
        Assert.DoesNotContain(Secret, remote.Address, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(remote));
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:" + Secret)), server.Seen.Last(s => s is not null));
    }

    [Fact]
    public async Task Git_sees_little_of_the_services_environment()
    {
        Environment.SetEnvironmentVariable("AMPX_TEST_LEAK", "leak");
        var folders = new GitFolders(world.Data);
        var environment = GitEnvironment.For(new GitCommand("version"), folders);
        Assert.Null(environment["AMPX_TEST_LEAK"]);
        var seen = await world.Runner.Run(new GitCommand("-c", "alias.leak=!env", "leak"));
        Assert.DoesNotContain("AMPX_TEST_LEAK", seen.Output, StringComparison.Ordinal);
        Assert.Contains("GIT_TERMINAL_PROMPT=0", seen.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_names_the_command_the_exit_code_and_gits_words()
    {
        var failure = await Assert.ThrowsAsync<GitException>(() => world.Runner.Run(new GitCommand("rev-parse", "nothing") { GitDir = world.Origin }));
        Assert.Equal(("git rev-parse nothing", 128), (failure.Command, failure.ExitCode));
        Assert.Contains("unknown revision", failure.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_cross_a_grain_call_whole()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var git = Assert.IsType<GitException>(Over(new GitException("git fetch", 128, "words")));
        Assert.Equal(("git fetch", 128, "words", "git fetch: exit 128: words"), (git.Command, git.ExitCode, git.Errors, git.Message));
        var remote = Assert.IsType<RemoteException>(Over(new RemoteException("clone_failed", "words", passing: true)));
        Assert.Equal(("clone_failed", true, "words"), (remote.Code, remote.Passing, remote.Message));

        Exception? Over(Exception failure) => serializer.Deserialize<Exception>(serializer.SerializeToArray(failure));
    }

    [Theory]
    [InlineData("fatal: unable to access 'https://x/': Could not resolve host: x", 4)]
    [InlineData("fatal: Authentication failed for 'https://x/'", 1)]
    public async Task Only_a_passing_trouble_is_tried_again(string words, int tries)
    {
        var count = 0;
        await Assert.ThrowsAsync<GitException>(() => NetworkTrouble.Retries(TimeProvider.System, TimeSpan.FromMilliseconds(1)).ExecuteAsync(_ =>
        {
            count++;
            throw new GitException("git fetch", 128, words);
        }).AsTask());
        Assert.Equal(tries, count);
    }

    [Fact]
    public void Everything_over_git_can_be_built_from_services()
    {
        using var services = new ServiceCollection().AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddGit(_ => world.Data)
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
        Assert.NotNull(services.GetRequiredService<LocalMerge>());
        Assert.Equal(20L << 30, services.GetRequiredService<IOptions<WorkspaceOptions>>().Value.MaxDiskBytes);
    }

    [Theory]
    [InlineData("20 GiB", 20L << 30)]
    [InlineData("500MB", 500L << 20)]
    [InlineData("1.5T", 3L << 39)]
    [InlineData("123", 123L)]
    public void A_size_is_read(string text, long bytes) => Assert.Equal(bytes, new WorkspaceOptions { MaxDisk = text }.MaxDiskBytes);

    [Fact]
    public async Task A_command_ends_at_its_time_limit_and_at_cancellation()
    {
        var endless = new GitCommand("-c", "alias.wait=!exec sleep 100", "wait");
        var late = await Assert.ThrowsAsync<GitException>(() => world.Runner.Run(endless with { TimeLimit = TimeSpan.FromMilliseconds(100) }));
        Assert.Equal(GitException.TimedOut, late.ExitCode);
        using var stop = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Runner.Run(endless, stop.Token));
    }

    /// <summary>Asks for a login, then knows nothing.</summary>
    private sealed class AskingServer : IDisposable
    {
        private readonly HttpListener listener = new();

        public AskingServer()
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            }

            listener.Prefixes.Add(Url);
            listener.Start();
            _ = Task.Run(Serve);
        }

        public string Url { get; }

        public string? RedirectTo { get; init; }

        public List<string?> Seen { get; } = [];

        public void Dispose() => listener.Close();

        private async Task Serve()
        {
            while (listener.IsListening)
            {
                var context = await listener.GetContextAsync();
                Seen.Add(context.Request.Headers["Authorization"]);
                if (RedirectTo is not null) context.Response.Redirect(RedirectTo.TrimEnd('/') + context.Request.RawUrl);
                else context.Response.StatusCode = Seen[^1] is null ? 401 : 404;
                if (context.Response.StatusCode == 401) context.Response.AddHeader("WWW-Authenticate", "Basic realm=x");
                context.Response.Close();
            }
        }
    }
}
