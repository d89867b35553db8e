using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ampx.Silo.Forges.Local;

/// <summary>The repository's own <c>.ampx.yml</c>; read from the base commit, so that a task can't change what judges it.</summary>
public static class AmpxYaml
{
    public const string FileName = ".ampx.yml";

    /// <summary>What to do about <c>ci_not_configured</c>: both ways.</summary>
    public const string HowToConfigure = "this repository has no CI: give its command with --ci \"make test\", or commit a file .ampx.yml with a line such as 'ci: make test' on the base branch";

    /// <summary>What to tell of a repository whose <c>.ampx.yml</c> is <paramref name="text"/> (null: it has none) and names no command.</summary>
    public static string WhyNone(string? text) =>
        text is null ? HowToConfigure : $"this repository's {FileName} has no command under 'ci:', or isn't YAML: mend it on the base branch (a line such as 'ci: make test'), or give the command with --ci \"make test\"";

    /// <summary>The value of <c>ci:</c>; null without file, key or readable YAML.</summary>
    public static string? Ci(string? text)
    {
        if (text is null) return null;
        try
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            return yaml.Documents is [{ RootNode: YamlMappingNode map }, ..]
                && map.Children.TryGetValue(new YamlScalarNode("ci"), out var ci)
                && ci is YamlScalarNode { Value: { } command }
                && !string.IsNullOrWhiteSpace(command) ? command : null;
        }
        catch (YamlException)
        {
            return null;
        }
    }
}
