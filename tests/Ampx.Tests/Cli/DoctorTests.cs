using System.Text.Json.Nodes;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary><c>ampx doctor</c> as a program: its words, its one document, what it tells the shell.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly CliHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task All_is_well_is_0()
    {
        await using var server = await StandIn.Start();
        server.Checks = [DoctorCheck.Fine("git", "git version 2.39.5"), DoctorCheck.Warning("sandbox", "none", "A machine of its own.")];
        var result = await Doctor(server, "--repo", "acme/shop");
        Assert.Equal((0, ""), (result.Exit, result.Error));
        Assert.Contains("✓ ok     git      git version 2.39.5\n! warn   sandbox  none\n                  → A machine of its own.\n", result.Out, StringComparison.Ordinal);
        Assert.EndsWith("\nNothing that is needed is missing; 1 warning.\n", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', result.Out);
        Assert.Contains(server.Seen, seen => seen.What == "GET /api/v1/doctor?repo=acme%2Fshop");
    }

    [Fact]
    public async Task Something_needed_that_is_missing_is_1_and_json_is_one_document()
    {
        await using var server = await StandIn.Start();
        server.Checks = [DoctorCheck.Bad("agent:amp", "not signed in", "Run 'amp login'.")];
        var plain = await Doctor(server);
        Assert.Equal(1, plain.Exit);
        Assert.Contains("✗ fail   agent:amp  not signed in\n", plain.Out, StringComparison.Ordinal);
        Assert.EndsWith("\n1 thing that is needed is missing.\n", plain.Out, StringComparison.Ordinal);

        var json = await Doctor(server, "--json");
        Assert.Equal((1, ""), (json.Exit, json.Error));
        var checks = json.Json["checks"]!.AsArray();
        Assert.Equal(["ampx", "config", "git-here", "terminal", "service", "agent:amp"], checks.Select(check => (string?)check!["name"]));
        Assert.All(checks, check => Assert.Equal(["name", "ok", "needed", "detail", "fix"], check!.AsObject().Select(field => field.Key)));
        Assert.False((bool)checks[^1]!["ok"]!);
    }

    [Fact]
    public async Task Without_a_service_the_own_checks_are_there_and_the_exit_is_5()
    {
        var plain = await _home.Run("doctor", "--server", "http://127.0.0.1:1");
        Assert.Equal((5, ""), (plain.Exit, plain.Error));
        Assert.Contains("✓ ok     git-here  git version", plain.Out, StringComparison.Ordinal);
        Assert.Contains("✗ fail   service  No Ampx service answers at http://127.0.0.1:1: Connection refused.\n                  → Start one with 'ampx up --detach'", plain.Out, StringComparison.Ordinal);
        var json = await _home.Run("doctor", "--server", "http://127.0.0.1:1", "--json");
        Assert.Equal((5, "service"), (json.Exit, (string?)json.Json["checks"]!.AsArray()[^1]!["name"]));
    }

    [Fact]
    public async Task A_wrong_token_is_4()
    {
        await using var server = await StandIn.Start();
        var result = await _home.Run("doctor", "--server", server.Url, "--token", "wrong", "--json");
        Assert.Equal((4, "token", false), (result.Exit, (string?)Last(result)["name"], (bool)Last(result)["ok"]!));
    }

    [Fact]
    public async Task A_service_of_another_version_or_without_a_doctor_is_told()
    {
        await using var server = await StandIn.Start();
        (server.Version, server.Checks) = ("9.9.9", null);
        var result = await Doctor(server);
        Assert.Equal(1, result.Exit);
        Assert.Contains("! warn   service         answers, version 9.9.9; this program is 0.1.0", result.Out, StringComparison.Ordinal);
        Assert.Contains("✗ fail   service-doctor  this service is too old to be asked for more", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_settings_file_that_others_can_read_or_that_is_broken_is_told()
    {
        await using var server = await StandIn.Start();
        var file = Path.Combine(_home.Config, "config.json");
        _home.Write(file, "{}");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        var open = await Doctor(server);
        Assert.Equal(1, open.Exit);
        Assert.Contains($"others on this machine can read or change {file} (644)", open.Out, StringComparison.Ordinal);
        Assert.Contains($"→ chmod 600 {file}", open.Out, StringComparison.Ordinal);

        _home.Write(file, "{,}");
        var broken = await _home.Run("doctor");
        Assert.Equal((2, ""), (broken.Exit, broken.Error));
        Assert.Contains("is not valid JSON", broken.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_without_git_is_a_warning()
    {
        await using var server = await StandIn.Start();
        _home.Environment["PATH"] = _home.Folder;
        var result = await Doctor(server);
        Assert.Equal(0, result.Exit);
        Assert.Contains("! warn   git-here  there is no git on this PATH", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_lines_are_wrapped_under_their_own_column_and_keep_their_words()
    {
        DoctorCheck[] checks = [DoctorCheck.Bad("agent:amp", "there is no program 'amp' that the service's user can run", "Install it (npm install -g @ampcode/cli), or name it in Ampx:Agents:amp:Command.")];
        var lines = new DoctorPage(colour: true, width: 60).Lines("service", checks).ToList();
        Assert.Equal(
            [
                "\e[1mservice\e[0m",
                "\e[31m✗ fail\e[0m   agent:amp  there is no program 'amp' that the",
                "                    service's user can run",
                "                    → Install it (npm install -g",
                "                      @ampcode/cli), or name it in",
                "                      Ampx:Agents:amp:Command.",
            ], lines);
    }

    private static JsonNode Last(CliResult result) => result.Json["checks"]!.AsArray()[^1]!;

    private Task<CliResult> Doctor(StandIn server, params string[] more) => _home.Run(["doctor", "--server", server.Url, "--token", StandIn.Token, .. more]);
}
