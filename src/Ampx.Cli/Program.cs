using Ampx.Cli;
using Ampx.Cli.Commands;
using Ampx.Cli.Commands.Admin;
using Ampx.Cli.Commands.Completion;
using Ampx.Cli.Commands.Demo;
using Ampx.Cli.Commands.Doctor;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Cocona;
using Cocona.Application;
using Cocona.Command;
using Cocona.Help;
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
            .AddTransient<ICoconaCommandHelpProvider, CommandHelp>()
            .AddTransient(_ => new Terminal(false, Arguments.NoColor, Environment.GetEnvironmentVariable))
            .AddSingleton<StartService>(ServiceHost.StartAsync))
        .ConfigureCocona(Arguments.Read(args), configureApplication: cocona => cocona.UseFilter(runner).AddCommands([
            typeof(UpCommand), typeof(DownCommand), typeof(DemoCommand),
            typeof(StartCommand), typeof(ListCommand), typeof(ShowCommand), typeof(LogsCommand),
            typeof(ContinueCommand), typeof(AbortCommand), typeof(MergeCommand), typeof(WaitCommand), typeof(RemoveCommand),
            typeof(DiffCommand), typeof(OpenCommand), typeof(DashboardCommand), typeof(DoctorCommand), typeof(StatsCommand), typeof(DrainCommand), typeof(AdminGroup),
            typeof(ConfigGroup), typeof(CompletionCommand), typeof(CompleteCommand), typeof(VersionCommand),
        ]))
        .Build();
    var commands = app.Services.GetRequiredService<ICoconaCommandProvider>().GetCommandCollection();
    await app.RunAsync();
    if (!runner.Ran && console.Complaint.Length > 0) throw CommandRunner.Usage(console.Complaint, commands);
}
catch (Exception e)
{
    return runner.Tell(e);
}

return runner.Ran ? runner.Exit : ExitCode.Done;
