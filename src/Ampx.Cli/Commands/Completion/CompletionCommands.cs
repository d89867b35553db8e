using System.Reflection;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Cocona;
using Cocona.Command;

namespace Ampx.Cli.Commands.Completion;

internal sealed class CompletionCommand(Interrupt interrupt)
{
    /// <summary>The shells that there are scripts for.</summary>
    public static readonly string[] Shells = ["bash", "zsh", "fish"];

    [Command("completion", Description = "A script that teaches a shell to complete ampx's words, task ids and repositories too")]
    [Details("Ids, repositories, owners and workers come from the service, within two seconds or not at all (env AMPX_COMPLETION_TIMEOUT). The script's first lines say how to keep it for good.")]
    [Example("source <(ampx completion bash)", "For this shell")]
    [Example("ampx completion zsh > ~/_ampx", "To put into a folder of zsh's fpath")]
    [Example("ampx completion fish | head -3", "Its first lines say where fish looks for it")]
    public async Task<int> Completion([Argument("shell", Description = "bash, zsh or fish")] string shell, GlobalOptions options = null!)
    {
        if (!Shells.Contains(shell)) throw CliError.Usage($"There is no script for '{shell}'.", $"There are: {string.Join(' ', Shells)}");
        using var script = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"completion/{shell}")!);
        var text = await script.ReadToEndAsync(interrupt.Token);
        if (options.Json) Terminal.Json(new CompletionReport(shell, text), json => json.CompletionReport);
        else Console.Out.Write(text);
        return ExitCode.Done;
    }
}

/// <summary>What the shells' scripts ask: <c>ampx __complete WORD…</c>, the last word being the one at the cursor. First a line with the kind, then a line for each candidate, with a tab before what it is.</summary>
internal sealed class CompleteCommand(Interrupt interrupt, ICoconaCommandProvider commands)
{
    public const string Name = "__complete";

    [Command(Name), Hidden]
    public async Task<int> Complete()
    {
        var (kind, found) = await new Candidates(commands.GetCommandCollection(), interrupt.Token).For(Arguments.ToComplete);
        Terminal.Line(AmpxKind(kind));
        foreach (var one in found) Terminal.Line(one.Words.Length == 0 ? one.Value : $"{one.Value}\t{Plain.Cut(one.Words, 60)}");
        return ExitCode.Done;
    }

    private static string AmpxKind(CandidateKind kind) => kind switch { CandidateKind.Files => "files", CandidateKind.Folders => "dirs", _ => "words" };
}

/// <summary><c>completion --json</c>.</summary>
internal sealed record CompletionReport(string Shell, string Script);
