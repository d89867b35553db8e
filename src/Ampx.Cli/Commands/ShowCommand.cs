using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class ShowCommand(Interrupt interrupt)
{
    [Command("show", Description = "Everything about one task: timeline, attempts, CI, pull request, usage")]
    [Example("ampx show k3f9qz", "By the end of its id")]
    [Example("ampx show k3f9qz --json | jq -r .summary", "Where it stands, in one line")]
    public async Task<int> Show([Argument("id", Description = "The task: the end of its id")] string id, GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var task = await ampx.Client.Get(id, interrupt.Token);
        if (ampx.Terminal.JsonOnly)
        {
            Terminal.Json(task, json => json.TaskView);
            return ExitCode.Done;
        }

        var timeline = ampx.Client.Timeline(task.Id, interrupt.Token);
        var attempts = await ampx.Client.Attempts(task.Id, interrupt.Token);
        foreach (var line in new TaskPage(ampx.Terminal.Colour, ampx.Now, ampx.Terminal.IsScreen ? Terminal.Width : 160).Lines(task, attempts.Attempts, (await timeline).Entries)) Terminal.Line(line);
        return ExitCode.Done;
    }
}
