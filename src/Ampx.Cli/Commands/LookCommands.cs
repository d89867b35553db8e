using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class DiffCommand(Interrupt interrupt)
{
    [Command("diff", Description = "A task's change as a unified diff")]
    [Example("ampx diff k3f9qz", "Coloured on a terminal")]
    [Example("ampx diff k3f9qz | git apply --check", "To look at it where you are")]
    public async Task<int> Diff([Argument("id", Description = "The task: the end of its id")] string id, GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var diff = await ampx.Client.Diff(id, interrupt.Token);
        if (ampx.Terminal.JsonOnly) Terminal.Json(new DiffReport(diff), json => json.DiffReport);
        else if (diff.Length == 0) Terminal.Say("No change yet.");
        else if (ampx.Terminal.IsScreen) foreach (var line in diff.TrimEnd('\n').Split('\n')) Terminal.Line(Paint(Plain.Line(line), ampx.Terminal.Colour));
        else Console.Out.Write(diff);
        return ExitCode.Done;
    }

    private static string Paint(string line, bool colour) => line switch
    {
        ['+', '+', '+', ..] or ['-', '-', '-', ..] or ['d', 'i', 'f', 'f', ..] => Terminal.Paint(line, "1", colour),
        ['+', ..] => Terminal.Paint(line, "32", colour),
        ['-', ..] => Terminal.Paint(line, "31", colour),
        ['@', '@', ..] => Terminal.Paint(line, "36", colour),
        _ => line,
    };
}

internal sealed class OpenCommand(Interrupt interrupt)
{
    [Command("open", Description = "A task's pull request in the browser")]
    [Example("ampx open k3f9qz", "Its pull request; the branch's page where there is none")]
    public async Task<int> Open([Argument("id", Description = "The task: the end of its id")] string id, GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var task = await ampx.Client.Get(id, interrupt.Token);
        var url = Words.Link(task) ?? throw CliError.Failed(
            $"Task {Words.Short(task.Id)} has neither pull request nor web page.", $"Its branch is {task.Branch} of {task.Repo}; 'ampx diff {Words.Short(task.Id)}' shows the change.", "no_link");
        return Browser.Show(ampx.Terminal, url);
    }
}

internal sealed class BoardCommand(Interrupt interrupt)
{
    [Command("board", Description = "The web board in the browser, signed in")]
    [Details("Tasks as they go, with their logs, changes and buttons; statistics. The link signs in once, within a minute; without a display it is printed.")]
    [Example("ampx board", "Opens it, or prints the link")]
    [Example("ampx board --json | jq -r .url", "The link for another machine's browser")]
    public Task<int> Board(GlobalOptions options = null!) => SignedIn.Show("/", options, interrupt);
}

internal sealed class DashboardCommand(Interrupt interrupt)
{
    [Command("dashboard", Description = "The Orleans Dashboard in the browser, signed in")]
    [Example("ampx dashboard", "Grains and silos, for whoever runs the service")]
    public Task<int> Dashboard(GlobalOptions options = null!) => SignedIn.Show("/dashboard", options, interrupt);
}

/// <summary>Pages of the service that want a signed-in browser.</summary>
internal static class SignedIn
{
    public static async Task<int> Show(string page, GlobalOptions options, Interrupt interrupt)
    {
        using var ampx = Session.Open(options);
        var link = await ampx.Client.SignIn(interrupt.Token);
        var path = $"{link.Path}{(link.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}to={Uri.EscapeDataString(page)}";
        return Browser.Show(ampx.Terminal, new Uri(ampx.Client.Server, path).ToString());
    }
}

internal sealed class VersionCommand(Interrupt interrupt)
{
    [Command("version", Description = "The version of this program and of the service")]
    [Example("ampx version", "This program's and the service's")]
    [Example("ampx version --json | jq -r .server_version", "For a script; null where no service answers")]
    public async Task<int> Version(GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        string? server = null, refusal = null;
        try
        {
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
            soon.CancelAfter(TimeSpan.FromSeconds(2));
            server = (await ampx.Client.Version(soon.Token)).Version;
        }
        catch (CliError e) when (e.Exit != ExitCode.Unreachable)
        {
            refusal = e.Message;
        }
        catch (Exception e) when (e is CliError || (e is OperationCanceledException && !interrupt.Happened))
        {
            // The own version is an answer too.
        }

        if (ampx.Terminal.JsonOnly)
        {
            Terminal.Json(new VersionReport(Versions.Own, server), json => json.VersionReport);
            return ExitCode.Done;
        }

        Terminal.Line($"ampx {Versions.Own}");
        Terminal.Line(refusal is not null
            ? $"the service at {ampx.Client.Server.GetLeftPart(UriPartial.Authority)} doesn't say: {Plain.Line(refusal)}"
            : server is null
            ? $"no service answers at {ampx.Client.Server.GetLeftPart(UriPartial.Authority)}"
            : $"service {server} at {ampx.Client.Server.GetLeftPart(UriPartial.Authority)}{(server == Versions.Own ? "" : "  (not this program's version: update the older of the two)")}");
        return ExitCode.Done;
    }
}
