using Ampx.Cli;
using Ampx.Cli.Connecting;
using Ampx.Core;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>Which service, and with which token.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly CliHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Without_a_word_it_is_the_default_with_the_default_folders_token()
    {
        _home.Write(Path.Combine(_home.Data, "token"), "local\n");
        var service = ServiceFile.Own("http://127.0.0.1:8080", TimeProvider.System.GetUtcNow());
        service.Write(_home.Data);
        Assert.Equal(new Connection(new("http://127.0.0.1:8080/"), "local"), Find());

        // Whoever listens there once it is gone doesn't get it.
        (service with { ProcessStartTime = 1 }).Write(_home.Data);
        Assert.Equal(new Connection(new("http://127.0.0.1:8080/"), null), Find());
    }

    [Fact]
    public void Options_go_before_environment_before_config_file()
    {
        _home.Write(Path.Combine(_home.Config, "config.json"), """{"server":"https://ampx.acme.com","token":"kept"}""");
        Assert.Equal(new Connection(new("https://ampx.acme.com/"), "kept"), Find());
        _home.Environment["AMPX_SERVER"] = "http://two:9";
        _home.Environment["AMPX_TOKEN"] = "env";
        Assert.Equal(new Connection(new("http://two:9/"), "env"), Find());
        Assert.Equal(new Connection(new("https://three/"), "option"), Find("three", "option"));
        Assert.Equal(new("http://localhost:9/"), Find("localhost:9").Server);
        Assert.Equal(ExitCode.WrongUsage, Assert.Throws<CliError>(() => Find("https://ada:secret@three")).Exit);
        Assert.Equal(ExitCode.WrongUsage, Assert.Throws<CliError>(() => Find("three", "é")).Exit);
    }

    [Fact]
    public void A_kept_token_is_shown_to_no_other_server()
    {
        _home.Write(Path.Combine(_home.Config, "config.json"), """{"server":"https://ampx.acme.com","token":"kept"}""");
        Assert.Null(Find("https://elsewhere.example").Token);
    }

    [Fact]
    public void The_one_service_that_runs_needs_no_words()
    {
        var data = Path.Combine(_home.Folder, "other");
        _home.Write(Path.Combine(data, "token"), "theirs");
        var known = new KnownServers(_home.Config);
        known.Note(new("http://127.0.0.1:9001", Path.Combine(data, "token"), data, Environment.ProcessId));
        Assert.Equal(new Connection(new("http://127.0.0.1:9001/"), "theirs"), Find());
        Assert.Equal("theirs", Find("http://localhost:9001").Token);

        // Stopped: the default again.
        known.Note(new("http://127.0.0.1:9001", Path.Combine(data, "token"), data, null));
        Assert.Equal(new Uri("http://127.0.0.1:8080/"), Find().Server);
        Assert.Single(known.Read());
    }

    [Fact]
    public void A_config_file_that_is_no_json_is_named()
    {
        _home.Write(Path.Combine(_home.Config, "config.json"), "{");
        var error = Assert.Throws<CliError>(() => Find());
        Assert.Equal(ExitCode.WrongUsage, error.Exit);
        Assert.Contains("config.json is not valid JSON (line 1)", error.Message, StringComparison.Ordinal);
    }

    private Connection Find(string? server = null, string? token = null) =>
        Connection.Find(server, token, new Folders(name => name == "HOME" ? _home.Folder : _home.Environment.GetValueOrDefault(name)));
}
