using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>What starts a workflow.</summary>
public readonly record struct WorkflowTriggers(bool Push, bool PullRequest);

/// <summary>Reads workflow files as far as Ampx needs to.</summary>
public static class Workflows
{
    /// <summary>The folder that GitHub reads them from.</summary>
    public const string Folder = ".github/workflows";

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
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            if (yaml.Documents is not [{ RootNode: YamlMappingNode root }, ..]) return new(true, true);
            var on = root.Children.FirstOrDefault(entry => entry.Key is YamlScalarNode { Value: "on" }).Value;
            HashSet<string?>? names = on switch
            {
                YamlScalarNode word => [word.Value],
                YamlSequenceNode list => [.. list.OfType<YamlScalarNode>().Select(word => word.Value)],
                YamlMappingNode map => [.. map.Children.Keys.OfType<YamlScalarNode>().Select(word => word.Value)],
                _ => null,
            };
            return names is null ? new(true, true) : new(names.Contains("push"), names.Contains("pull_request"));
        }
        catch (YamlException)
        {
            return new(true, true);
        }
    }
}
