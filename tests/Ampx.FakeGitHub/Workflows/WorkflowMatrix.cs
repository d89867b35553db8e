using System.Collections.Immutable;
using YamlDotNet.RepresentationModel;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>A job's <c>strategy.matrix</c>: every combination of its lists, plus <c>include</c>.</summary>
internal static class WorkflowMatrix
{
    public static IEnumerable<ImmutableDictionary<string, string>> Of(YamlMappingNode job)
    {
        var none = ImmutableDictionary<string, string>.Empty;
        if (job.Map("strategy").GetValueOrDefault("matrix") is not YamlMappingNode matrix) return [none];

        IEnumerable<ImmutableDictionary<string, string>> combinations = [none];
        var axes = matrix.Map().Where(axis => axis.Key is not ("include" or "exclude") && axis.Value is YamlSequenceNode).ToList();
        foreach (var (axis, values) in axes)
            combinations = [.. combinations.SelectMany(one => ((YamlSequenceNode)values).Select(value => one.SetItem(axis, value.ToString())))];

        var all = axes.Count == 0 ? [] : combinations.ToList();
        if (matrix.Get("include") is YamlSequenceNode include)
            all.AddRange(include.OfType<YamlMappingNode>().Select(one => one.Map().ToImmutableDictionary(p => p.Key, p => p.Value.ToString())));
        return all.Count == 0 ? [none] : all;
    }
}
