using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ampx.Silo.Forges.Local;

/// <summary>The repository's own <c>.ampx.yml</c>; read from the base commit, so that a task can't change what judges it.</summary>
public static class AmpxYaml
{
    public const string FileName = ".ampx.yml";

    /// <summary>Far more than any such file has.</summary>
    private const int DeepestNesting = 100;

    /// <summary>What to do about <c>ci_not_configured</c>: both ways.</summary>
    public const string HowToConfigure = "this repository has no CI: give its command with --ci \"make test\", or commit a file .ampx.yml with a line such as 'ci: make test' on the base branch";

    /// <summary>What to tell of a repository whose <c>.ampx.yml</c> is <paramref name="text"/> (null: it has none) and names no command.</summary>
    public static string WhyNone(string? text) =>
        text is null ? HowToConfigure : $"this repository's {FileName} has no command under 'ci:', or isn't YAML: mend it on the base branch (a line such as 'ci: make test'), or give the command with --ci \"make test\"";

    /// <summary>
    /// The value of <c>ci:</c>; null without file, key or readable YAML. Read event by event: a tree of nodes is built by recursion, and a file that
    /// nests without end would take the service down.
    /// </summary>
    public static string? Ci(string? text)
    {
        if (text is null) return null;
        try
        {
            var parser = new Parser(new StringReader(text.TrimStart('\uFEFF')));
            var (depth, isKey, atCi, command) = (0, true, false, (string?)null);
            while (parser.MoveNext() && parser.Current is not DocumentEnd)
            {
                var now = parser.Current;
                if (now is SequenceEnd or MappingEnd) depth--;
                else if (now is not NodeEvent) continue;
                else if (depth == 0 && now is not MappingStart) return null;
                else if (depth == 1 && isKey) atCi = now is Scalar { Value: "ci" };
                else if (depth == 1 && atCi) command = (now as Scalar)?.Value;

                if (now is SequenceStart or MappingStart)
                {
                    if (++depth > DeepestNesting) return null;
                }
                else if (depth == 1) isKey = !isKey;
            }

            return string.IsNullOrWhiteSpace(command) ? null : command;
        }
        catch (YamlException)
        {
            return null;
        }
    }
}
