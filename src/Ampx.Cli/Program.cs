using Ampx.Cli;
using Ampx.Cli.Commands;
using Ampx.Cli.Commands.Demo;
using Ampx.Cli.Commands.Doctor;
using Ampx.Cli.Output;
using Cocona;
using Cocona.Application;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

StandardStream.Install();
using var interrupt = Interrupt.Listen();
var runner = new CommandRunner(interrupt);
using var console = new KeptConsole();
try
{
    var builder = CoconaApp.CreateBuilder(Arguments.Read(args), options => options.TreatPublicMethodsAsCommands = false);
    builder.Logging.ClearProviders();
    builder.Services.AddSingleton(interrupt);
    builder.Services.AddSingleton<ICoconaConsoleProvider>(console);
    builder.Services.AddSingleton<StartService>(ServiceHost.StartAsync);
    using var app = builder.Build();
    app.UseFilter(runner);
    app.AddCommands([
        typeof(UpCommand), typeof(DownCommand), typeof(DemoCommand),
        typeof(StartCommand), typeof(ListCommand), typeof(ShowCommand), typeof(LogsCommand),
        typeof(ContinueCommand), typeof(AbortCommand), typeof(MergeCommand), typeof(WaitCommand),
        typeof(DiffCommand), typeof(OpenCommand), typeof(DashboardCommand), typeof(DoctorCommand), typeof(StatsCommand), typeof(DrainCommand), typeof(VersionCommand),
    ]);
    await app.RunAsync();
}
catch (Exception e)
{
    return runner.Tell(e);
}

if (runner.Ran) return runner.Exit;
if (console.Complaint.Length == 0) return ExitCode.Done;
CommandRunner.Usage(console.Complaint);
return ExitCode.WrongUsage;
