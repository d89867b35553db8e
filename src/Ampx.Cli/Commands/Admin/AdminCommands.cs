using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Ampx.Silo.Admin;
using Ampx.Silo.Hosting;
using Cocona;

namespace Ampx.Cli.Commands.Admin;

/// <summary>The name before the admin's commands.</summary>
[HasSubCommands(typeof(AdminCommands), Name, Description = "Check, back up and restore a service")]
internal sealed class AdminGroup
{
    public const string Name = "admin";
}

internal sealed class AdminCommands(Interrupt interrupt)
{
    [Command("check", Description = "Compare what is stored with all that is derived of it; exit 1 if something differs and isn't mended")]
    [Example("ampx admin check", "Only looks")]
    [Example("ampx admin check --repair", "Mends what can be mended")]
    public async Task<int> Check([Option("repair", Description = "Mend what differs")] bool repair = false, GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var report = await Working.On(ampx.Terminal, repair ? "Comparing and mending" : "Comparing", () => ampx.Client.Check(repair, interrupt.Token));
        if (ampx.Terminal.JsonOnly) Terminal.Json(report, json => json.CheckReport);
        else foreach (var line in CheckPage.Lines(report)) Terminal.Line(line);
        return report.Findings.All(finding => finding.Repaired) ? ExitCode.Done : ExitCode.Failed;
    }

    [Command("backup", Description = "Write everything that a service on SQLite keeps into one file, while it runs")]
    [Example("ampx admin backup ampx.tar.gz", "Of a running service")]
    public async Task<int> Backup(
        [Argument("file", Description = "The file, .tar.gz; it holds the service's token")] string file,
        [Option("force", ['f'], Description = "Replace the file if it is there")] bool force = false,
        GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        file = Path.GetFullPath(file);
        if (!force && File.Exists(file)) throw CliError.Failed($"{file} is there already.", "--force replaces it.");
        var (place, part) = (file, "");
        try
        {
            place = Place.Of(file);
            part = $"{place}.part";
            await using (var to = Private(part))
            {
                await Working.On(ampx.Terminal, "Backup:", "MiB", async written =>
                {
                    await ampx.Client.Backup(to, bytes => written(bytes / 1048576.0), interrupt.Token);
                    return true;
                });
                to.Flush(flushToDisk: true);
            }

            File.Move(part, place, overwrite: force);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliError.Failed($"{file} could not be written: {e.Message}");
        }
        finally
        {
            if (File.Exists(part)) File.Delete(part);
        }

        var bytes = new FileInfo(file).Length;
        if (ampx.Terminal.JsonOnly) Terminal.Json(new BackupReport(file, bytes), json => json.BackupReport);
        else Terminal.Line($"{file}  {bytes / 1024.0:N0} KiB");
        if (!ampx.Terminal.JsonOnly) Terminal.Say("It holds the service's token: keep it like one.");
        return ExitCode.Done;
    }

    [Command("restore", Description = "Put a backup into a data folder on which no service runs; 'ampx up' carries on from it")]
    [Example("ampx admin restore ampx.tar.gz --data ~/ampx-restored", "Into a data folder of its own")]
    public async Task<int> Restore(
        [Argument("file", Description = "What 'ampx admin backup' wrote")] string file,
        [Option("data", Description = "The data folder; ~/.local/share/ampx if not given", ValueName = "DIR")] string? data = null,
        [Option("force", ['f'], Description = "Put a database that is there aside, into before-restore")] bool force = false,
        GlobalOptions options = null!)
    {
        var terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        var folder = data is null ? Folders.Real.Data : Path.GetFullPath(data);
        try
        {
            var manifest = await BackupRestore.Restore(Path.GetFullPath(file), folder, force, interrupt.Token);
            if (terminal.JsonOnly) Terminal.Json(new RestoreReport(folder, manifest.Version, manifest.CreatedAt), json => json.RestoreReport);
            else Terminal.Line($"Restored what was kept at {manifest.CreatedAt:yyyy-MM-dd HH:mm:ss} UTC into {folder}; 'ampx up{(data is null ? "" : $" --data {data}")}' carries on from it.");
            return ExitCode.Done;
        }
        catch (Exception refused) when (refused is RestoreException or StartException or IOException or UnauthorizedAccessException)
        {
            throw CliError.Failed(refused.Message);
        }
    }

    /// <summary>Readable by nobody else from its first byte on, also where an older file of that name was.</summary>
    private static FileStream Private(string path)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }
}
