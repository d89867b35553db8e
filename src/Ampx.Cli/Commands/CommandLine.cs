using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Cocona;
using Cocona.Application;
using Cocona.Builder;
using Cocona.Command;
using Cocona.Command.Binder;
using Cocona.Command.Binder.Validation;
using Cocona.Command.BuiltIn;
using Cocona.Command.Dispatcher;
using Cocona.Command.Dispatcher.Middlewares;
using Cocona.CommandLine;
using Cocona.Help;

namespace Ampx.Cli.Commands;

/// <summary>
/// Cocona's parts, put together by hand. Its own way is the generic host and its container, which alone take longer to start than most
/// commands take to run.
/// </summary>
internal sealed class CommandLine : IServiceProvider, ICoconaInstanceActivator, ICoconaServiceProviderScopeSupport
{
    private readonly Dictionary<Type, object> _parts = [];
    private readonly CoconaBootstrapper _bootstrapper;

    /// <param name="args">As <see cref="Arguments.Read"/> gives them.</param>
    /// <param name="console">Where help and Cocona's complaints go.</param>
    /// <param name="runner">Runs around each command.</param>
    /// <param name="types">The commands' classes.</param>
    /// <param name="parts">What their constructors ask for.</param>
    public CommandLine(string[] args, ICoconaConsoleProvider console, CommandRunner runner, IEnumerable<Type> types, params IEnumerable<object> parts)
    {
        foreach (var part in parts) _parts[part.GetType()] = part;
        var builder = new CoconaCommandsBuilder();
        builder.UseFilter(runner).AddCommands(types);
        var own = new CoconaCommandProvider(builder.Build(), CommandProviderOptions.OptionNameToLowerCase | CommandProviderOptions.CommandNameToLowerCase | CommandProviderOptions.ArgumentNameToLowerCase);
        var commands = new CoconaBuiltInCommandProvider(own, enableShellCompletionSupport: false);
        Commands = commands.GetCommandCollection();
        var context = new CoconaAppContextAccessor();
        var help = new CommandHelp(new Terminal(false, Arguments.NoColor, Environment.GetEnvironmentVariable));
        var pages = new CoconaHelpRenderer();
        Add<ICoconaConsoleProvider>(console);
        Add<ICoconaCommandProvider>(commands);
        Add<ICoconaAppContextAccessor>(context);
        Add<ICoconaCommandHelpProvider>(help);
        Add<ICoconaHelpRenderer>(pages);
        Add<ICoconaHelpMessageBuilder>(new CoconaHelpMessageBuilder(context, help, pages, commands));
        Add<ICoconaParameterBinder>(new CoconaParameterBinder(this, new CoconaValueConverter(), new DataAnnotationsParameterValidatorProvider()));
        Add<ICoconaInstanceActivator>(this);
        var pipeline = new CoconaCommandDispatcherPipelineBuilder(this, this)
            .UseMiddleware<HandleExceptionAndExitMiddleware>()
            .UseMiddleware<HandleParameterBindExceptionMiddleware>()
            .UseMiddleware<RejectUnknownOptionsMiddleware>()
            .UseMiddleware<CommandFilterMiddleware>()
            .UseMiddleware<CoconaCommandInvokeMiddleware>();
        _bootstrapper = new CoconaBootstrapper(
            new CoconaCommandLineArgumentProvider(args), commands, new CoconaCommandResolver(new CoconaCommandLineParser(), new CoconaCommandMatcher()),
            new CoconaCommandDispatcher(this, this, pipeline, this, context), console);
        _bootstrapper.Initialize();
    }

    /// <summary>All that can be said.</summary>
    public CommandCollection Commands { get; }

    /// <summary>Runs the command that the line names.</summary>
    public async Task Run() => await _bootstrapper.RunAsync(CancellationToken.None);

    /// <summary>A part, or null.</summary>
    public object? GetService(Type serviceType) => serviceType == typeof(IServiceProvider) ? this : _parts.GetValueOrDefault(serviceType);

    public object? GetServiceOrCreateInstance(IServiceProvider serviceProvider, Type instanceType) => GetService(instanceType) ?? CreateInstance(serviceProvider, instanceType, null);

    public object? CreateInstance(IServiceProvider serviceProvider, Type instanceType, object[]? parameters)
    {
        var constructor = instanceType.GetConstructors()[0];
        return constructor.Invoke([.. constructor.GetParameters().Select(wanted =>
            parameters?.FirstOrDefault(wanted.ParameterType.IsInstanceOfType) ?? GetService(wanted.ParameterType) ?? throw new InvalidOperationException($"{instanceType.Name} asks for {wanted.ParameterType.Name}, which nobody gave"))]);
    }

    public (IDisposable Scope, IServiceProvider ScopedServiceProvider) CreateScope(IServiceProvider serviceProvider) => (NoScope.Instance, this);

    public (IAsyncDisposable Scope, IServiceProvider ScopedServiceProvider) CreateAsyncScope(IServiceProvider serviceProvider) => (NoScope.Instance, this);

    private void Add<T>(T part) where T : notnull => _parts[typeof(T)] = part;

    /// <summary>One command a process: nothing to clean up between two.</summary>
    private sealed class NoScope : IDisposable, IAsyncDisposable
    {
        public static NoScope Instance { get; } = new();

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
