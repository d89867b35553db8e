using Ampx.Cli;
using Ampx.Cli.Commands;
using Ampx.Cli.Commands.Admin;
using Ampx.Cli.Commands.Demo;
using Ampx.Cli.Commands.Doctor;
using Ampx.Cli.Output;
using Cocona;
using Cocona.Application;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

StandardStream.Install();
using var interrupt = Interrupt.Listen();
var runner = new CommandRunner(interrupt);
using var console = new KeptConsole();
try
{
    // No default configuration: it would read the appsettings.json of whatever folder the user stands in, and watch that folder with all below it.
    using var app = new HostBuilder()
        .UseConsoleLifetime(lifetime => lifetime.SuppressStatusMessages = true)
        .ConfigureServices(services => services
            .Configure<CoconaAppOptions>(options => options.TreatPublicMethodsAsCommands = false)
            .AddSingleton(interrupt)
            .AddSingleton<ICoconaConsoleProvider>(console)
            .AddSingleton<StartService>(ServiceHost.StartAsync))
        .ConfigureCocona(Arguments.Read(args), configureApplication: cocona => cocona.UseFilter(runner).AddCommands([
            typeof(UpCommand), typeof(DownCommand), typeof(DemoCommand),
            typeof(StartCommand), typeof(ListCommand), typeof(ShowCommand), typeof(LogsCommand),
            typeof(ContinueCommand), typeof(AbortCommand), typeof(MergeCommand), typeof(WaitCommand),
            typeof(DiffCommand), typeof(OpenCommand), typeof(DashboardCommand), typeof(DoctorCommand), typeof(StatsCommand), typeof(DrainCommand), typeof(AdminGroup), typeof(VersionCommand),
        ]))
        .Build();
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
