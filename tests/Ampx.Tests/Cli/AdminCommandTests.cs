using Ampx.Core.Api;
using Xunit;

namespace Ampx.Tests.Cli;

public sealed class AdminCommandTests : IAsyncLifetime
{
    private const string Looked = "Looked at: 2 tasks, 9 timeline entries, 64 reminders, 1 grain, 0 runs, 0 run folders, 1 workspace, 1 machine.\n";
    private static readonly CheckFinding Row = new("index", StandIn.Id, "task_index", "status is success, not running");
    private static readonly CheckFinding Folder = new("run_folder", null, "S127.0.0.1:11111:5 01JX", "worker worker-a has its folder, but no task is in this run");

    private readonly CliHome _home = new();
    private StandIn _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.Start();
        _home.Environment["AMPX_SERVER"] = _server.Url;
        _home.Environment["AMPX_TOKEN"] = StandIn.Token;
    }

    public ValueTask DisposeAsync()
    {
        _home.Dispose();
        return _server.DisposeAsync();
    }

    [Fact]
    public async Task A_check_that_finds_nothing_says_so()
    {
        var result = await _home.Run("admin", "check");
        Assert.Equal((0, $"Nothing differs.\n{Looked}", ""), (result.Exit, result.Out, result.Error));
        Assert.Equal("""{"repair":false}""", _server.Seen.Last().Body);
    }

    [Fact]
    public async Task What_differs_has_a_line_each_and_the_way_to_mend_it()
    {
        _server.Check = _server.Check with { Findings = [Row, Folder] };
        var result = await _home.Run("admin", "check");
        Assert.Equal(
            (1,
            "differs  index       AK3F9Q  status is success, not running  (task_index)\n"
            + "differs  run_folder  -       worker worker-a has its folder, but no task is in this run  (S127.0.0.1:11111:5 01JX)\n"
            + $"2 differ; 'ampx admin check --repair' mends what can be mended.\n{Looked}", ""),
            (result.Exit, result.Out, result.Error));
    }

    [Fact]
    public async Task What_was_mended_is_told_apart_from_what_was_not()
    {
        _server.Check = _server.Check with { Findings = [Row with { Repaired = true }, Folder] };
        var half = await _home.Run("admin", "check", "--repair");
        Assert.Equal(1, half.Exit);
        Assert.StartsWith("mended   index       AK3F9Q  ", half.Out, StringComparison.Ordinal);
        Assert.Contains("\n2 differed, 1 is not mended: the service's log says why.\n", half.Out, StringComparison.Ordinal);
        Assert.Equal("""{"repair":true}""", _server.Seen.Last().Body);
        _server.Check = _server.Check with { Findings = [Row with { Repaired = true }] };
        var all = await _home.Run("admin", "check", "--repair");
        Assert.Equal(0, all.Exit);
        Assert.Contains("\n1 differed and is mended.\n", all.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("admin", "check", "--json")]
    [InlineData("--json", "admin", "check")]
    [InlineData("admin", "--json", "check")]
    public async Task Json_is_the_report_itself_wherever_the_option_stands(params string[] words)
    {
        _server.Check = _server.Check with { Findings = [Row] };
        var result = await _home.Run(words);
        Assert.Equal((1, "", "index"), (result.Exit, result.Error, (string?)result.Json["findings"]![0]!["kind"]));
        Assert.Equal(["findings", "checked"], result.Json.AsObject().Select(field => field.Key));
    }

    [Fact]
    public async Task A_backup_is_its_owners_alone_and_replaces_nothing_unasked()
    {
        _server.Backup = [.. Enumerable.Repeat((byte)7, 3000)];
        var file = Path.Combine(_home.Folder, "kept.tar.gz");
        var result = await _home.Run("admin", "backup", "kept.tar.gz");
        Assert.Equal((0, $"{file}  3 KiB\n", "It holds the service's token: keep it like one.\n"), (result.Exit, result.Out, result.Error));
        Assert.Equal(_server.Backup, File.ReadAllBytes(file));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var again = await _home.Run("admin", "backup", "kept.tar.gz");
        Assert.Equal((1, $"ampx: {file} is there already.\n--force replaces it.\n"), (again.Exit, again.Error));
        _server.Backup = [1];
        var json = await _home.Run("admin", "backup", "kept.tar.gz", "--force", "--json");
        Assert.Equal((0, 1, 1), (json.Exit, (int)json.Json["bytes"]!, File.ReadAllBytes(file).Length));
    }

    [Fact]
    public async Task A_backup_that_breaks_off_leaves_the_old_one_and_nothing_of_itself()
    {
        var file = Path.Combine(_home.Folder, "kept.tar.gz");
        File.WriteAllText(file, "the old one");
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (_server.Backup, _server.BreakBackup) = (new byte[100_000], told.Task);
        var backup = _home.Run("admin", "backup", "kept.tar.gz", "--force");
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (new FileInfo($"{file}.part") is not { Exists: true, Length: > 0 }) await Task.Delay(20, late.Token);
        told.SetResult();
        var result = await backup;
        Assert.Equal(5, result.Exit);
        Assert.StartsWith($"ampx: The connection to {_server.Url} broke off: ", result.Error, StringComparison.Ordinal);
        Assert.EndsWith("\nNothing is kept of it; try again.\n", result.Error, StringComparison.Ordinal);
        Assert.Equal(("the old one", 1), (File.ReadAllText(file), Directory.GetFiles(_home.Folder).Length));
    }

    [Fact]
    public async Task Only_a_regular_file_is_ever_replaced()
    {
        _server.Backup = [1, 2];
        var pipe = Path.Combine(_home.Folder, "pipe");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [pipe])) await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        File.CreateSymbolicLink(Path.Combine(_home.Folder, "to-pipe"), pipe);
        foreach (var name in new[] { "pipe", "to-pipe" })
        {
            var refused = await _home.Run("admin", "backup", name, "--force");
            Assert.Equal((1, $"ampx: {Path.Combine(_home.Folder, name)} is no regular file but a device, pipe or socket.\nName another file.\n"), (refused.Exit, refused.Error));
        }

        Directory.CreateDirectory(Path.Combine(_home.Folder, "folder"));
        Assert.Contains("is a folder.", (await _home.Run("admin", "backup", "folder", "--force")).Error, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(_home.Folder).Length);
    }

    [Fact]
    public async Task Behind_a_link_its_target_is_replaced_and_the_link_stays()
    {
        _server.Backup = [1, 2];
        var (file, link) = (Path.Combine(_home.Folder, "kept.tar.gz"), Path.Combine(_home.Folder, "link"));
        File.WriteAllText(file, "the old one");
        File.CreateSymbolicLink(link, file);
        Assert.Equal(0, (await _home.Run("admin", "backup", "link", "--force")).Exit);
        Assert.Equal(file, new FileInfo(link).LinkTarget);
        Assert.Equal(_server.Backup, File.ReadAllBytes(file));
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_is_named()
    {
        var result = await _home.Run("admin", "backup", "no/such/folder/kept.tar.gz");
        Assert.Equal(1, result.Exit);
        Assert.StartsWith($"ampx: {Path.Combine(_home.Folder, "no/such/folder/kept.tar.gz")} could not be written: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_of_no_file_or_no_backup_says_so_and_touches_nothing()
    {
        var none = await _home.Run("admin", "restore", "kept.tar.gz");
        Assert.Equal((1, $"ampx: there is no file {Path.Combine(_home.Folder, "kept.tar.gz")}\n"), (none.Exit, none.Error));
        _home.Write(Path.Combine(_home.Folder, "kept.tar.gz"), "no archive");
        var wrong = await _home.Run("admin", "restore", "kept.tar.gz");
        Assert.Equal((1, $"ampx: {Path.Combine(_home.Folder, "kept.tar.gz")} is no whole backup of Ampx: take another one\n"), (wrong.Exit, wrong.Error));
        Assert.False(File.Exists(Path.Combine(_home.Data, "ampx.db")));
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("admin", "--help")]
    [InlineData("--no-color", "admin")]
    public async Task The_group_alone_lists_its_commands(params string[] words)
    {
        var result = await _home.Run(words);
        Assert.Equal((0, ""), (result.Exit, result.Error));
        Assert.StartsWith("Usage: ampx admin COMMAND [options]\n", result.Out, StringComparison.Ordinal);
        foreach (var command in (string[])["check ", "backup ", "restore "]) Assert.Contains($"\n  {command}", result.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'nonsense' is not a command.\n'ampx admin --help' lists the commands, 'ampx admin COMMAND --help' its options.", "admin", "nonsense")]
    [InlineData("'chek' is not a command.\nDid you mean 'admin check'?", "admin", "chek")]
    [InlineData("Unknown option '--bogus'.\n'ampx admin check --help' lists the options.", "admin", "check", "--bogus")]
    [InlineData("'admin backup' needs FILE.\nSee 'ampx admin backup --help'.", "admin", "backup")]
    [InlineData("'extra' is one word too many for 'admin check'.\nText of several words goes in quotes; see 'ampx admin check --help'.", "admin", "check", "extra")]
    public async Task Wrong_usage_is_2_and_names_the_group(string words, params string[] arguments)
    {
        var result = await _home.Run(arguments);
        Assert.Equal((2, "", $"ampx: {words}\n"), (result.Exit, result.Out, result.Error));
        Assert.Empty(_server.Seen);
    }
}
