using Ampx.Cli;
using Ampx.Cli.Commands;
using Ampx.Cli.Commands.Admin;
using Ampx.Cli.Commands.Completion;
using Ampx.Cli.Commands.Demo;
using Ampx.Cli.Commands.Doctor;
using Ampx.Cli.Commands.SignIn;
using Ampx.Cli.Output;

StandardStream.Install();
using var interrupt = Interrupt.Listen();
var runner = new CommandRunner(interrupt);
using var console = new KeptConsole();
try
{
    var line = new CommandLine(Arguments.Read(args), console, runner, [
        typeof(UpCommand), typeof(DownCommand), typeof(DemoCommand),
        typeof(StartCommand), typeof(ListCommand), typeof(ShowCommand), typeof(LogsCommand),
        typeof(ContinueCommand), typeof(AbortCommand), typeof(MergeCommand), typeof(WaitCommand), typeof(RemoveCommand),
        typeof(DiffCommand), typeof(OpenCommand), typeof(BoardCommand), typeof(DashboardCommand),
        typeof(DoctorCommand), typeof(StatsCommand), typeof(DrainCommand), typeof(AdminGroup),
        typeof(TokenGroup), typeof(LoginCommand), typeof(ConfigGroup), typeof(CompletionCommand), typeof(CompleteCommand), typeof(VersionCommand),
    ], interrupt, new StartService(ServiceHost.StartAsync));
    await line.Run();
    if (!runner.Ran && console.Complaint.Length > 0) throw CommandRunner.Usage(console.Complaint, line.Commands);
}
catch (Exception e)
{
    return runner.Tell(e);
}

return runner.Ran ? runner.Exit : ExitCode.Done;
