using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Cocona;

namespace Ampx.Cli.Commands.Doctor;

internal sealed class DoctorCommand(Interrupt interrupt)
{
    /// <summary>The service gives its own checks ten seconds each, all at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Command("doctor", Description = "Check what a task needs, here and at the service; each line says how to mend it")]
    [Example("ampx doctor", "This machine, and the service's")]
    [Example("ampx doctor --repo acme/shop", "May the credential do all that a task on it needs?")]
    public async Task<int> Doctor(
        [Option("repo", Description = "Check a repository too: owner/name, a URL, or a local path", ValueName = "R")] string? repo = null,
        GlobalOptions options = null!)
    {
        var terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        var page = new DoctorPage(terminal.Colour, terminal.IsScreen ? Terminal.Width : null);
        var own = await new OwnChecks(terminal, Folders.Real).Look(interrupt.Token);
        if (!terminal.JsonOnly) Print(page.Lines("this machine", own));

        var (reached, theirs, exit) = await Working.On(terminal, "The service looks at its machine", () => AtService(options, repo));
        IReadOnlyList<DoctorCheck> all = [.. own, .. theirs];
        if (terminal.JsonOnly)
        {
            Terminal.Json(new DoctorReport(all), json => json.DoctorReport);
        }
        else
        {
            Terminal.Line();
            Print(page.Lines(reached is null ? "service" : $"service {reached}", theirs));
            Terminal.Line();
            Terminal.Line(DoctorPage.Sum(all));
        }

        return exit != ExitCode.Done ? exit : all.Any(check => check is { Ok: false, Needed: true }) ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>Where the service is, its checks, and what the shell is told if it couldn't be asked.</summary>
    private async Task<(string? Server, IReadOnlyList<DoctorCheck> Checks, int Exit)> AtService(GlobalOptions options, string? repo)
    {
        Connection connection;
        try
        {
            connection = Connection.Find(options.Server, options.Token, Folders.Real);
        }
        catch (CliError wrong)
        {
            return (null, [DoctorCheck.Bad("service", wrong.Message, wrong.Hint ?? "Mend it, then run doctor again.")], wrong.Exit);
        }

        var server = connection.Server.GetLeftPart(UriPartial.Authority);
        using var client = new AmpxClient(connection);
        var checks = new List<DoctorCheck>();
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
        soon.CancelAfter(Patience);
        try
        {
            var version = (await client.Version(soon.Token)).Version;
            checks.Add(version == Versions.Own
                ? DoctorCheck.Fine("service", $"answers, version {version}")
                : DoctorCheck.Warning("service", $"answers, version {version}; this program is {Versions.Own}", "Update the older of the two."));
            checks.AddRange(await client.Doctor(repo is null ? null : StartCommand.FullPath(repo), soon.Token));
            return (server, checks, ExitCode.Done);
        }
        catch (CliError old) when (old.Problem.Status == 404 && checks.Count > 0)
        {
            checks.Add(DoctorCheck.Bad("service-doctor", "this service is too old to be asked for more", "Update the service."));
            return (server, checks, ExitCode.Done);
        }
        catch (OperationCanceledException) when (!interrupt.Happened)
        {
            checks.Add(DoctorCheck.Bad("service", $"{server} gave no answer within {Patience.TotalSeconds:0} s", "Look at the service's log; 'ampx down' and 'ampx up' start it afresh."));
            return (server, checks, ExitCode.Unreachable);
        }
        catch (CliError refused)
        {
            checks.Add(DoctorCheck.Bad(refused.Exit == ExitCode.NotAllowed ? "token" : "service", refused.Message, refused.Hint ?? "The service's log has more."));
            return (server, checks, refused.Exit);
        }
    }

    private static void Print(IEnumerable<string> lines)
    {
        foreach (var line in lines) Terminal.Line(line);
    }
}
