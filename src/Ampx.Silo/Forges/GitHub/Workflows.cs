using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>What starts a workflow.</summary>
public readonly record struct WorkflowTriggers(bool Push, bool PullRequest);

/// <summary>Reads workflow files as far as Ampx needs to.</summary>
public static class Workflows
{
    /// <summary>The folder that GitHub reads them from.</summary>
    public const string Folder = ".github/workflows";

    /// <summary>Far more than any workflow has; reading costs more the deeper it goes.</summary>
    private const int DeepestNesting = 100;

    /// <summary>GitHub takes <paramref name="path"/> (in <see cref="Folder"/>) for a workflow.</summary>
    public static bool IsWorkflow(string path) => path.EndsWith(".yml", StringComparison.Ordinal) || path.EndsWith(".yaml", StringComparison.Ordinal);

    /// <summary>
    /// Whether <c>on:</c> names <c>push</c> and <c>pull_request</c>: as a word, in a list or in a map. Filters by branch or path are not weighed.
    /// A file that can't be read counts as yes to both.
    /// </summary>
    public static WorkflowTriggers Triggers(string text)
    {
        try
        {
            return Names(text) is { Count: > 0 } names ? new(names.Contains("push"), names.Contains("pull_request")) : new(true, true);
        }
        catch (YamlException)
        {
            return new(true, true);
        }
    }

    /// <summary>
    /// The events that <c>on:</c> names; null if that isn't plain. Read event by event: a tree of nodes is built by recursion, and a file that
    /// nests without end would take the service down.
    /// </summary>
    private static HashSet<string>? Names(string text)
    {
        var parser = new Parser(new StringReader(text.TrimStart('\uFEFF')));
        var names = new HashSet<string>();
        var (depth, documents, found) = (0, 0, 0);
        var (isKey, inOn, isName, isList) = (true, false, true, false);
        while (parser.MoveNext())
        {
            var now = parser.Current;
            if (now is DocumentStart && ++documents > 1) break;
            if (now is SequenceEnd or MappingEnd) depth--;
            else if (now is not NodeEvent) continue;
            else if (depth == 0 && now is not MappingStart) return null;
            else if (depth == 1 && isKey)
            {
                inOn = now is Scalar { Value: "on" };
                if (inOn && ++found > 1) return null;
            }
            else if (inOn && (depth == 1 || (depth == 2 && (isList || isName))))
            {
                if (now is AnchorAlias) return null;
                if (now is Scalar { Value.Length: > 0 } name) names.Add(name.Value);
                if (depth == 1) (isList, isName) = (now is SequenceStart, true);
            }

            if (now is SequenceStart or MappingStart)
            {
                if (++depth > DeepestNesting) return null;
            }
            else if (depth == 1) isKey = !isKey;
            else if (depth == 2) isName = !isName;
        }

        return names;
    }
}
