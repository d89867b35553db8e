using System.Net;
using System.Net.Sockets;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A machine or settings that the service can't work with: one line, exit 1, and nothing is touched.</summary>
public sealed class BadMachineTests
{
    [Theory]
    [InlineData("Ampx__Bogus=1", "Ampx:Bogus is no setting of Ampx; known here: ")]
    [InlineData("Ampx__Ci__Bogus=1", "Ampx:Ci:Bogus is no setting of Ampx; known here: PollInterval, ")]
    [InlineData("Ampx__Agents__amp__Bogus=1", "Ampx:Agents:amp:Bogus is no setting of Ampx; known here: Kind, ")]
    [InlineData("Ampx__Guards__ProtectedPaths__0=a[bc]", "Ampx:Guards:ProtectedPaths:0 is 'a[bc]'; allowed: a path from the repository's root, ")]
    [InlineData("Ampx__Ci__PollInterval=soon", "Ampx:Ci:PollInterval is 'soon', which is no duration such as 00:00:15")]
    [InlineData("Ampx__Agents__amp__Timeout=5", "Ampx:Agents:amp:Timeout is '5', which would be days: write 00:00:05 for seconds")]
    [InlineData("Ampx__Agents__amp__MemoryLimit=lots", "Ampx:Agents:amp:MemoryLimit is 'lots'; allowed: a size such as '20 GiB'")]
    [InlineData("Ampx__Agents__amp__DiskLimit=0 GB", "Ampx:Agents:amp:DiskLimit is '0 GB'; allowed: a size such as '20 GiB'")]
    [InlineData("Ampx__Agents__amp__CpuLimit=0", "Ampx:Agents:amp:CpuLimit is '0'; allowed: 0.01 to 1024")]
    [InlineData("Ampx__Workers__Slots=0", "Ampx:Workers:Slots is '0'; allowed: 1 to ")]
    [InlineData("Ampx__Storage__Provider=oracle", "Ampx:Storage:Provider is 'oracle'; allowed: sqlite")]
    [InlineData("Ampx__PullRequest__When=7", "Ampx:PullRequest:When is '7', which is no one of auto, green, start")]
    [InlineData("Ampx__PullRequest__Labels=bug", "Ampx:PullRequest:Labels is 'bug', but it takes several values")]
    [InlineData("Ampx__Ci=5", "Ampx:Ci is '5', but it is a section")]
    [InlineData("Ampx__Agents__x__Kind=command", "Ampx:Agents:x:Command is missing")]
    [InlineData("Ampx__GitHub__ApiUrl=nope", "Ampx:GitHub:ApiUrl is 'nope', which is no http or https URL")]
    [InlineData("Ampx__Urls=http://0.0.0.0:8080", "Ampx:Urls is 'http://0.0.0.0:8080': with Auth:Mode local the service listens on loopback only")]
    [InlineData("Ampx__Urls=https://127.0.0.1:8443", "Ampx:Urls is 'https://127.0.0.1:8443', which is no http URL")]
    [InlineData("AMPX_CONFIG=/nowhere.json", "AMPX_CONFIG names /nowhere.json, which doesn't exist")]
    public async Task A_wrong_setting_is_named(string setting, string words)
    {
        await using var stage = new Stage();
        stage.Environment[setting.Split('=')[0]] = setting.Split('=')[1];
        await IsRefused(stage, words, "--data", stage.Data);
        Assert.False(Directory.Exists(stage.Data));
    }

    [Fact]
    public async Task A_settings_file_that_is_no_JSON_is_named()
    {
        await using var stage = new Stage();
        var file = Path.Combine(stage.Root, "settings.json");
        await File.WriteAllTextAsync(file, "{ \"Ampx\": {");
        stage.Environment["AMPX_CONFIG"] = file;
        await IsRefused(stage, $"the settings file {file} can't be read: ", "--data", stage.Data);
    }

    [Fact]
    public async Task A_port_in_use_is_told_before_anything_is_started()
    {
        await using var stage = new Stage();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await IsRefused(stage, $"http://127.0.0.1:{port} is in use by another program: give another port with --port", "--data", stage.Data, "--port", $"{port}");
        Assert.False(File.Exists(Path.Combine(stage.Data, "ampx.db")));
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_is_named()
    {
        await using var stage = new Stage();
        var file = Path.Combine(stage.Root, "file");
        await File.WriteAllTextAsync(file, "in the way");
        await IsRefused(stage, $"can't use the data folder {file}: ", "--data", file);
        await IsRefused(stage, $"can't use the data folder {file}/below: ", "--data", Path.Combine(file, "below"));

        var home = Path.Combine(stage.Root, "home");
        await File.WriteAllTextAsync(Path.Combine(home, "letter"), "mine");
        await IsRefused(stage, $"{home} holds other things than Ampx's data: give an empty or a new folder with --data", "--data", home);
        if (!OperatingSystem.IsWindows()) Assert.True(File.GetUnixFileMode(home).HasFlag(UnixFileMode.OtherRead), "the folder was closed to others");
    }

    [Fact]
    public async Task A_data_folder_on_a_read_only_disk_is_named()
    {
        await using var stage = new Stage();
        Directory.CreateDirectory(stage.Data);
        await using var disk = await Mount.Tmpfs(stage.Data, "1m,ro");
        Assert.SkipWhen(disk is null, "a tmpfs can be mounted by root only");
        await IsRefused(stage, $"can't use the data folder {stage.Data}: ", "--data", stage.Data);
    }

    [Fact]
    public async Task A_second_service_on_a_data_folder_says_so_and_stops()
    {
        await using var stage = new Stage();
        await stage.Up();
        var link = Path.Combine(stage.Root, "link");
        Directory.CreateSymbolicLink(link, stage.Data);
        foreach (var data in new[] { stage.Data, link })
            await IsRefused(stage, $"{data} is in use by the service at http://127.0.0.1:", "--data", data);
        Assert.Equal(0, (await stage.Ampx("ls")).Code);
    }

    [Fact]
    public async Task A_disk_that_is_full_for_a_while_costs_no_task()
    {
        await using var stage = new Stage();
        Directory.CreateDirectory(stage.Data);
        await using var disk = await Mount.Tmpfs(stage.Data, "96m");
        Assert.SkipWhen(disk is null, "a tmpfs can be mounted by root only");
        var go = Path.Combine(stage.Root, "go");
        stage.Agent("chatty", $"echo begin; seq -w 1 600000; while [ ! -e {go} ]; do sleep 0.1; done; echo end; echo 42 > answer");
        stage.Agent("quiet", "echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var early = await stage.Start(repo, "Warm up", "--agent", "quiet", "--ci", "true");
        await stage.Ended(early.Id);

        var ballast = Path.Combine(stage.Data, "ballast");
        await Fill(ballast, new DriveInfo(stage.Data).AvailableFreeSpace - (3 << 20));
        var task = await stage.Start(repo, "Talk", "--agent", "chatty", "--ci", "true");
        await Stage.Until(() => Task.FromResult(new DriveInfo(stage.Data).AvailableFreeSpace < 64 << 10), "the disk is full");

        // What can't be stored is refused in words; what is there can be read.
        var accepted = new List<string> { early.Id, task.Id };
        for (var i = 0; i < 5; i++)
        {
            var (code, output, errors) = await stage.Ampx("start", "--json", "--repo", repo, "--task", $"More {i}", "--agent", "quiet", "--ci", "true");
            if (code == 0) accepted.Add(System.Text.Json.JsonSerializer.Deserialize<TaskView>(output, Ampx.Core.AmpxJson.Options)!.Id);
            else Assert.Contains("disk", errors, StringComparison.Ordinal);
        }

        Assert.Equal(Phase.Agent, (await stage.Show(task.Id)).Phase);
        Assert.Equal(0, (await stage.Ampx("logs", task.Id, "--tail", "3")).Code);

        File.Delete(ballast);
        await File.WriteAllTextAsync(go, "");
        foreach (var id in accepted) Assert.Equal(Status.Success, (await stage.Ended(id)).Status);
        Assert.Equal(accepted.Order(), (await stage.Get<TaskList>("tasks?owner=all")).Tasks.Select(one => one.Id).Order());
        var log = (await stage.Ampx("logs", task.Id, "--source", "agent")).Out;
        Assert.Contains("begin", log, StringComparison.Ordinal);
        Assert.Contains("end", log, StringComparison.Ordinal);
        Assert.Contains("bytes of output could not be written here: the disk was full", log, StringComparison.Ordinal);
        await stage.Down(); // before its disk goes
    }

    private static async Task IsRefused(Stage stage, string words, params string[] arguments)
    {
        string[] port = arguments.Contains("--port") || stage.Environment.ContainsKey("Ampx__Urls") ? [] : ["--port", "0"];
        var (code, output, errors) = await stage.Ampx(["up", .. port, .. arguments]);
        Assert.True((code, output) == (1, ""), $"up ended with {code}: {output}{errors}");
        Assert.StartsWith($"ampx: {words}", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
    }

    private static async Task Fill(string file, long bytes)
    {
        await using var stream = File.Create(file);
        var piece = new byte[1 << 20];
        for (; bytes > 0; bytes -= piece.Length) await stream.WriteAsync(piece.AsMemory(0, (int)Math.Min(bytes, piece.Length)));
    }
}
