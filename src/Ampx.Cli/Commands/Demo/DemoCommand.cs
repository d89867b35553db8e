using System.Net;
using System.Net.Sockets;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Cocona;

namespace Ampx.Cli.Commands.Demo;

internal sealed class DemoCommand(Interrupt interrupt, StartService start)
{
    public const string Instruction = "Write roman.sh: print the number it is given, 1 to 3999, as a Roman numeral.";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Command("demo", Description = "See a task go from instruction to red CI to green CI to merged: no account, no network, under a minute")]
    [Example("ampx demo", "The whole way, in under a minute")]
    [Example("ampx demo --keep", "To look at the repository and the service's data afterwards")]
    public async Task<int> Demo([Option("keep", Description = "Leave the demo's folder behind")] bool keep = false, GlobalOptions options = null!)
    {
        var terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        using var late = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, interrupt.Token);
        interrupt.Parting = "The demo is over; its service and its folder are gone.";
        try
        {
            return await Play(terminal, keep, either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !interrupt.Happened)
        {
            throw CliError.Failed($"The demo is not done after {Times.Span(Patience)}; this machine is too slow for it, or something hangs.", "'ampx demo --keep' leaves its folder to look at.", "timeout");
        }
    }

    private async Task<int> Play(Terminal terminal, bool keep, CancellationToken cancel)
    {
        var view = new DemoView(terminal, TimeProvider.System);
        view.Introduce();
        using var files = await DemoFiles.Create(keep, cancel);
        view.Scene(files.Repository, await files.FirstTest(cancel), Instruction);
        var service = await start(Settings(files), cancel);
        try
        {
            var connection = new Connection(service.Url, service.TokenFile is { } file ? (await File.ReadAllTextAsync(file, cancel)).Trim() : null);
            using var client = new AmpxClient(connection);
            view.Begin();
            var task = await client.Start(new StartTask(files.Repository, Instruction, Agent: "demo"), cancel);
            task = await Follow(client, task, view, cancel);
            if (WaitView.Exit(task) != ExitCode.Done)
                throw CliError.Failed($"The demo's task ended in {Words.Of(task)}: {task.Summary}", "'ampx demo --keep' leaves its folder to look at.");
            await client.Change(task.Id, new("merge"), cancel);
            task = await Follow(client, await client.Get(task.Id, cancel), view, cancel);
            if (!Words.IsMerged(task)) throw CliError.Failed($"The demo's task was not merged: {task.Summary}");
            var commit = await DemoFiles.Git(files.Repository, cancel, "log", "-1", "--stat", "--format=commit %h%nAuthor: %an <%ae>%n%n%w(0,4,4)%B", "main");
            view.End(task, commit, keep ? files.Folder : null);
        }
        finally
        {
            await service.StopAsync(stopAgents: true);
            await service.DisposeAsync();
        }

        if (terminal.JsonOnly) Terminal.Json(view.Last!, json => json.TaskView);
        return ExitCode.Done;
    }

    // The timeline has every transition, those between two looks too.
    private static async Task<TaskView> Follow(AmpxClient client, TaskView task, DemoView view, CancellationToken cancel)
    {
        await foreach (var now in new TaskWatch(client, TimeProvider.System).One(task.Id, cancel))
        {
            task = now;
            var attempts = (await client.Attempts(task.Id, cancel)).Attempts;
            foreach (var entry in (await client.Timeline(task.Id, cancel)).Entries.Where(entry => entry.Seq <= now.Version)) view.Show(entry, attempts, now);
        }

        return task;
    }

    private static ServiceSettings Settings(DemoFiles files) => new(FreePort(), files.Data, Quiet: true, new Dictionary<string, string?>
    {
        ["Ampx:Agents:demo:Kind"] = "command",
        ["Ampx:Agents:demo:Command"] = "sh",
        // The text itself, not a file: a sandbox sees no files but the checkout's.
        ["Ampx:Agents:demo:Arguments:0"] = "-c",
        ["Ampx:Agents:demo:Arguments:1"] = DemoFiles.AgentScript,
        ["Ampx:Workers:Slots"] = "2",
        ["Ampx:Auth:Mode"] = "local",
    });

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
