using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core;
using Cocona;

namespace Ampx.Cli.Commands;

internal sealed class UpCommand(Interrupt interrupt, StartService start)
{
    [Command("up", Description = "Run the whole service in one process; Ctrl+C ends it and leaves agents at work")]
    [Details("Everything in one process on SQLite. Ctrl+C, SIGTERM and 'ampx down' end it; agents at work go on under their supervisors, and the next 'up' on the same data folder takes them up again. A second Ctrl+C stops them too.")]
    [Example("ampx up", "On this terminal, data in ~/.local/share/ampx, port 8080")]
    [Example("ampx up --detach --port 0 --data ~/ampx-trial", "In the background, on a free port, with a data folder of its own")]
    public async Task<int> Up(
        [Option("port", Description = "Listen on this port of 127.0.0.1; 8080 if not given, 0 takes a free one", ValueName = "N")] int? port = null,
        [Option("data", Description = "Data folder; ~/.local/share/ampx if not given", ValueName = "DIR")] string? data = null,
        [Option("detach", ['d'], Description = "In the background; 'ampx down' ends it")] bool detach = false,
        [Option("stop-agents", Description = "Stop the agents too when it ends")] bool stopAgents = false,
        GlobalOptions options = null!)
    {
        if (port is < 0 or > 65535) throw CliError.Usage($"--port {port} is no port.", "There are 1 to 65535; 0 takes a free one.");
        var terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        var folder = data is null ? null : Path.GetFullPath(data);
        if (detach) return await Detached.Start(terminal, folder ?? Folders.Real.Data, port, stopAgents, interrupt.Token);
        Detached.BecomeOne();
        await using var service = await Working.On(terminal, "Starting", "migrations", far => start(new ServiceSettings(port, folder, Migrated: (done, all) => far(done, all)), interrupt.Token));
        var known = new KnownServers(Folders.Real.Config);
        Note(known, service, Environment.ProcessId, terminal);
        Greet(terminal, service);
        await Task.WhenAny(service.Completion, Task.Delay(Timeout.Infinite, interrupt.Token));
        if (!interrupt.Happened)
        {
            Note(known, service, null, terminal);
            await service.Completion;
            throw CliError.Failed("The service has ended by itself.", "Its log says why.");
        }

        var left = service.RunningAgents;
        if (left > 0 && !stopAgents && !interrupt.Again.IsCompleted) Terminal.Say($"Stopping; {Agents(left)} on. Once more stops {(left == 1 ? "it" : "them")} too.");
        await Stop(service, stopAgents);
        Note(known, service, null, terminal);
        Terminal.Say(Farewell(left, stopAgents || interrupt.Again.IsCompleted));
        return ExitCode.Done;
    }

    private async Task Stop(IRunningService service, bool stopAgents)
    {
        var stopping = service.StopAsync(stopAgents || interrupt.Again.IsCompleted);
        if (await Task.WhenAny(stopping, interrupt.Again) != stopping) await service.StopAsync(true);
        await stopping;
    }

    private static string Agents(int count) => count == 1 ? "1 agent works" : $"{count} agents work";

    private static string Farewell(int left, bool stopped) => left switch
    {
        0 => "Stopped; no agent was at work.",
        _ when stopped => $"Stopped, and {(left == 1 ? "1 agent" : $"{left} agents")} with it.",
        _ => $"Stopped; {Agents(left)} on. 'ampx up' takes {(left == 1 ? "it" : "them")} up again.",
    };

    private static void Greet(Terminal terminal, IRunningService service)
    {
        if (terminal.JsonOnly)
        {
            Terminal.JsonLine(ServiceFile.Own(Address(service), TimeProvider.System.GetUtcNow()), CliJson.Compact.ServiceFile);
            return;
        }

        Terminal.Line($"Ampx {Versions.Own} runs at {Terminal.Paint(Address(service), "1", terminal.Colour)}");
        Terminal.Line($"  data      {service.DataDirectory}");
        if (terminal.IsScreen && service.SignInLink() is { } link) Terminal.Line($"  sign in   {link}");
        Terminal.Line(service.HasApi ? "  try       ampx start owner/name \"Fix the flaky login test\"" : "  role      a silo alone, which serves only /health here: give tasks to one of the cluster's gateways");
        Terminal.Line("  stop      Ctrl+C; agents at work go on without it, a second Ctrl+C stops them too");
    }

    private static string Address(IRunningService service) => service.Url.GetLeftPart(UriPartial.Authority);

    private static void Note(KnownServers known, IRunningService service, int? pid, Terminal terminal)
    {
        try
        {
            if (service.TokenFile is { } file) known.Note(new(Address(service), file, service.DataDirectory, pid));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            terminal.Warn($"other commands will need --server and --token: {e.Message}");
        }
    }
}

internal sealed class DownCommand(Interrupt interrupt)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Command("down", Description = "Stop a service that 'ampx up' started; agents at work go on")]
    [Example("ampx down", "The service on the default data folder, else the only one that runs")]
    [Example("ampx down --data ~/ampx-trial --stop-agents", "Another one, and its agents with it")]
    public async Task<int> Down(
        [Option("data", Description = "Its data folder", ValueName = "DIR")] string? data = null,
        [Option("stop-agents", Description = "Stop the agents too")] bool stopAgents = false,
        GlobalOptions options = null!)
    {
        var terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        var folder = data is null ? Here() : Path.GetFullPath(data);
        var service = ServiceFile.Live(folder) ?? throw CliError.Failed($"No service runs on {folder}.", data is null ? "One on another data folder is stopped with --data DIR." : null, "not_running");
        if (!Processes.Signal(service.Pid, stopAgents ? Interrupt.StopAll : Processes.Terminate))
            throw CliError.Failed($"Process {service.Pid} can't be told to stop: it belongs to somebody else.");
        interrupt.Parting = $"The service (pid {service.Pid}) has been told to stop.";
        var began = TimeProvider.System.GetTimestamp();
        await Working.On(terminal, "Stopping", () => Gone(service, folder, began));
        if (terminal.JsonOnly) Terminal.Json(service, json => json.ServiceFile);
        else Terminal.Line(Detached.LastWords(folder) ?? "Stopped.");
        return ExitCode.Done;
    }

    private async Task<bool> Gone(ServiceFile service, string folder, long began)
    {
        while (service.IsAlive)
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience) throw CliError.Failed($"The service (pid {service.Pid}) still runs after {Times.Span(Patience)}.", $"Its log: {Path.Combine(folder, Detached.LogName)}");
            await Task.Delay(50, interrupt.Token);
        }

        return true;
    }

    // Without a word: the default folder's service, else the only one that runs.
    private static string Here()
    {
        if (ServiceFile.Live(Folders.Real.Data) is not null) return Folders.Real.Data;
        var live = new KnownServers(Folders.Real.Config).Live();
        return live.Count == 1 ? live[0].Data : Folders.Real.Data;
    }
}
