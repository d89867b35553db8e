using Ampx.Cli;
using Ampx.Cli.Commands;
using Ampx.Cli.Output;

StandardStream.Install();
using var interrupt = Interrupt.Listen();
var runner = new CommandRunner(interrupt);
using var console = new KeptConsole();
try
{
    var words = Arguments.Read(args);
    var line = new CommandLine(words, console, runner, CommandClasses.For(words), interrupt, new StartService(ServiceHost.StartAsync));
    await line.Run();
    if (!runner.Ran && console.Complaint.Length > 0) throw CommandRunner.Usage(console.Complaint, line.Commands);
}
catch (Exception e)
{
    return runner.Tell(e);
}

return runner.Ran ? runner.Exit : ExitCode.Done;
