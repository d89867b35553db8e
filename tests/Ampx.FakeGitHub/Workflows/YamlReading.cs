using System.Collections.Immutable;
using YamlDotNet.RepresentationModel;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>Reading YAML leniently: what is absent is empty.</summary>
internal static class YamlReading
{
    public static YamlNode? Get(this YamlMappingNode map, string key) =>
        map.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode scalar && scalar.Value == key).Value;

    public static string? Text(this YamlMappingNode map, string key) => (map.Get(key) as YamlScalarNode)?.Value;

    public static ImmutableList<string> List(this YamlMappingNode map, string key) => map.Get(key) switch
    {
        YamlScalarNode { Value: { } one } => [one],
        YamlSequenceNode many => [.. many.OfType<YamlScalarNode>().Select(node => node.Value!)],
        _ => [],
    };

    public static ImmutableSortedDictionary<string, YamlNode> Map(this YamlMappingNode map) =>
        map.Where(pair => pair.Key is YamlScalarNode).ToImmutableSortedDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => pair.Value, StringComparer.Ordinal);

    public static ImmutableSortedDictionary<string, YamlNode> Map(this YamlMappingNode map, string key) =>
        map.Get(key) is YamlMappingNode inner ? inner.Map() : ImmutableSortedDictionary<string, YamlNode>.Empty;

    public static ImmutableDictionary<string, string> Texts(this YamlMappingNode map, string key) =>
        map.Map(key).ToImmutableDictionary(pair => pair.Key, pair => (pair.Value as YamlScalarNode)?.Value ?? "");
}
