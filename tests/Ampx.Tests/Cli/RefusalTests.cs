using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>What the program says and tells the shell when something is wrong.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly CliHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task No_service_is_5_and_says_how_to_start_one()
    {
        var result = await _home.Run("ls", "--server", "http://127.0.0.1:1");
        Assert.Equal((5, "", "ampx: No Ampx service answers at http://127.0.0.1:1: Connection refused.\nStart one with 'ampx up --detach', or name another with --server.\n"), (result.Exit, result.Out, result.Error));
    }

    [Fact]
    public async Task An_unknown_task_is_3_and_a_wrong_token_is_4()
    {
        await using var server = await StandIn.Start();
        var unknown = await _home.Run("show", "zzzz", "--server", server.Url, "--token", StandIn.Token);
        Assert.Equal((3, "ampx: there is no task 'zzzz'\n'ampx ls' lists the tasks.\n"), (unknown.Exit, unknown.Error));
        var stranger = await _home.Run("show", "zzzz", "--server", server.Url, "--token", "wrong", "--json");
        Assert.Equal((4, "unauthorized"), (stranger.Exit, (string?)stranger.Json["code"]));
    }

    [Theory]
    [InlineData("'--bogus'", "ls", "--bogus")]
    [InlineData("'lisst' is not a command", "lisst")]
    [InlineData("Did you mean 'list'?", "lst")]
    [InlineData("Did you mean '--status'?", "ls", "--stauts")]
    [InlineData("Did you mean 'admin check'?", "admin", "chek")]
    [InlineData("Did you mean 'abort'?", "cancel")]
    [InlineData("--limit needs a number", "ls", "--limit", "many")]
    [InlineData("'show' needs ID", "show")]
    [InlineData("'b' is one word too many", "show", "a", "b")]
    [InlineData("What should be done in 'acme/shop'", "start", "acme/shop")]
    [InlineData("no git checkout", "start", "--task", "x")]
    [InlineData("given twice", "start", "acme/shop", "x", "--task", "y")]
    [InlineData("'soon' is no length of time", "wait", "a", "--timeout", "soon")]
    [InlineData("There are: queued running", "ls", "--status", "happy")]
    [InlineData("is no server address", "ls", "--server", "ftp://x")]
    public async Task Wrong_usage_is_2_in_words(string words, params string[] arguments)
    {
        var result = await _home.Run(arguments);
        Assert.Equal((2, ""), (result.Exit, result.Out));
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.InRange(result.Error.Count(letter => letter == '\n'), 1, 2);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        var json = await _home.Run([.. arguments, "--json"]);
        Assert.Equal((2, 400), (json.Exit, (int)json.Json["status"]!));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("start", "--help")]
    [InlineData]
    public async Task Help_is_0_on_stdout(params string[] arguments)
    {
        var result = await _home.Run(arguments);
        Assert.Equal((0, ""), (result.Exit, result.Error));
        Assert.Contains("Usage: ampx", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checkout_around_gives_the_repository_and_a_warning()
    {
        await using var server = await StandIn.Start();
        var checkout = Path.Combine(_home.Folder, "shop");
        foreach (var words in (string[])["init -q shop", "-C shop remote add origin git@github.com:acme/shop.git"])
            using (var git = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("git", words) { WorkingDirectory = _home.Folder })!) await git.WaitForExitAsync();
        _home.Write(Path.Combine(checkout, "new.txt"), "x");
        var result = await _home.Run(null, ["start", "Fix the login", "--json", "--server", server.Url, "--token", StandIn.Token], checkout);
        Assert.Equal((0, "git@github.com:acme/shop.git"), (result.Exit, (string?)result.Json["repo"]));
        Assert.Equal("warning: 1 uncommitted file here: the task won't see it.\n", result.Error);
    }

    [Fact]
    public async Task Down_without_a_service_says_so()
    {
        var result = await _home.Run("down");
        Assert.Equal((1, $"ampx: No service runs on {_home.Data}.\nOne on another data folder is stopped with --data DIR.\n"), (result.Exit, result.Error));
    }
}
