using Ampx.Cli.Commands.Admin;
using Ampx.Cli.Commands.Completion;
using Ampx.Cli.Commands.Demo;
using Ampx.Cli.Commands.Doctor;
using Ampx.Cli.Commands.SignIn;

namespace Ampx.Cli.Commands;

/// <summary>
/// The class of each command, by its name. Cocona reads every attribute of every class that it is given, which takes longer than most commands:
/// it gets the one that the line names, and all of them only to list them or to find which one was meant.
/// </summary>
internal static class CommandClasses
{
    /// <summary>In the order of the help.</summary>
    private static readonly (string Name, Type Class)[] All =
    [
        ("up", typeof(UpCommand)), ("down", typeof(DownCommand)), ("demo", typeof(DemoCommand)),
        ("start", typeof(StartCommand)), ("list", typeof(ListCommand)), ("ls", typeof(ListCommand)), ("show", typeof(ShowCommand)), ("logs", typeof(LogsCommand)),
        ("continue", typeof(ContinueCommand)), ("abort", typeof(AbortCommand)), ("merge", typeof(MergeCommand)), ("wait", typeof(WaitCommand)), ("rm", typeof(RemoveCommand)),
        ("diff", typeof(DiffCommand)), ("open", typeof(OpenCommand)), ("board", typeof(BoardCommand)), ("dashboard", typeof(DashboardCommand)),
        ("doctor", typeof(DoctorCommand)), ("stats", typeof(StatsCommand)), ("drain", typeof(DrainCommand)), (AdminGroup.Name, typeof(AdminGroup)),
        (TokenGroup.Name, typeof(TokenGroup)), ("login", typeof(LoginCommand)), (ConfigGroup.Name, typeof(ConfigGroup)),
        ("completion", typeof(CompletionCommand)), ("version", typeof(VersionCommand)),
    ];

    /// <param name="words">As <see cref="Arguments.Read"/> gives them: the command's or group's name first.</param>
    public static IEnumerable<Type> For(IReadOnlyList<string> words)
    {
        var named = All.FirstOrDefault(one => words.Count > 0 && one.Name == words[0]).Class;
        // A single command would be the program itself, without a name: the hidden one stands beside it.
        return named is null ? [.. All.Select(one => one.Class).Distinct(), typeof(CompleteCommand)] : [named, typeof(CompleteCommand)];
    }
}
