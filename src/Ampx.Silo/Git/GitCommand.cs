using Ampx.Core.Tasks;

namespace Ampx.Silo.Git;

/// <summary>One call of git: arguments as a list, never a shell string.</summary>
public sealed record GitCommand(params IReadOnlyList<string> Arguments)
{
    /// <summary>The repository, named outright, so that git never looks for one in the folders above.</summary>
    public string? GitDir { get; init; }

    /// <summary>The working tree of <see cref="GitDir"/>, and the folder git runs in.</summary>
    public string? WorkTree { get; init; }

    /// <summary>The folder git runs in where no repository is named.</summary>
    public string? Folder { get; init; }

    /// <summary>Whose credentials git may ask for.</summary>
    public GitRemote? Remote { get; init; }

    public string? Input { get; init; }

    /// <summary>All that git may see beside the system, where the machine has bubblewrap; null: what the service's user may.</summary>
    public GitView? View { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The folder that it fills; it is stopped where that grows by more than <c>Git:SizeLimit</c>.</summary>
    public string? Fills { get; init; }

    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of stdout that are kept; the rest is read and dropped.</summary>
    public int MaxOutput { get; init; } = 64 << 20;

    /// <summary>Is told what git says of its progress, where <c>--progress</c> is among the arguments.</summary>
    public Action<TaskProgress>? Progress { get; init; }

    /// <summary>Which of git's commands it is.</summary>
    public string Name => Arguments.FirstOrDefault(argument => !argument.StartsWith('-')) ?? "";

    /// <summary>What a person may read about it; addresses carry no secrets here.</summary>
    public override string ToString() => "git " + string.Join(' ', Arguments.Select(a => a.Length > 200 ? a[..200] + "…" : a));
}

/// <summary>What a git process may see: folders to read, and one to write.</summary>
public sealed record GitView(IReadOnlyList<string> Read, string Write);

/// <summary>What git answered.</summary>
public sealed record GitResult(int ExitCode, string Output, string Errors, bool Truncated)
{
    public bool Ok => ExitCode == 0;

    /// <summary>The output as one value, such as a commit's name.</summary>
    public string Value => Output.Trim();

    /// <summary>The output of a command run with <c>-z</c>.</summary>
    public IReadOnlyList<string> Entries => Output.Split('\0', StringSplitOptions.RemoveEmptyEntries);

    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
