using Ampx.Cli.Output;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class ShowCommand(Interrupt interrupt)
{
    [Command("show", Description = "Everything about one task: timeline, attempts, CI, pull request, usage")]
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
        foreach (var line in new TaskPage(ampx.Terminal.Colour, ampx.Now).Lines(task, attempts.Attempts, (await timeline).Entries)) Terminal.Line(line);
        return ExitCode.Done;
    }
}
