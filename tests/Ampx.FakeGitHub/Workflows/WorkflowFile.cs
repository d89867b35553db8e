using System.Collections.Immutable;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>Which branches and kinds of an event start a workflow; empty means all.</summary>
internal sealed record EventFilter(ImmutableList<string> Branches, ImmutableList<string> BranchesIgnore, ImmutableList<string> Types, bool TagsOnly);

/// <summary>One step of a job.</summary>
internal sealed record StepPlan(
    string Name, string? Run, string? Uses, string? If, string? Shell, string? WorkingDirectory, bool ContinueOnError, ImmutableDictionary<string, string> Env);

/// <summary>One job, already multiplied by its matrix.</summary>
internal sealed record JobPlan(
    string Id, string Name, ImmutableList<string> Needs, string? If, TimeSpan Timeout, ImmutableDictionary<string, string> Matrix,
    ImmutableDictionary<string, string> Env, string? WorkingDirectory, ImmutableList<StepPlan> Steps);

/// <summary>A file below <c>.github/workflows</c>.</summary>
internal sealed record WorkflowFile(
    string Path, string Name, ImmutableDictionary<string, EventFilter> On, ImmutableDictionary<string, string> Env, ImmutableList<JobPlan> Jobs)
{
    /// <summary>Reads the file.</summary>
    /// <exception cref="FormatException">It is no workflow; GitHub shows such a run as a start-up failure.</exception>
    public static WorkflowFile Parse(string path, string text)
    {
        try
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            if (yaml.Documents is not [{ RootNode: YamlMappingNode root }, ..]) throw new FormatException("a workflow is a mapping");
            if (root.Get("on") is not { } on) throw new FormatException("No event triggers defined in `on`");
            var jobs = root.Map("jobs");
            if (jobs.Count == 0) throw new FormatException("Required property is missing: jobs");
            var folder = (root.Get("defaults") as YamlMappingNode)?.Map("run") is { } defaults ? Value(defaults, "working-directory") : null;
            return new(path, root.Text("name") ?? path, Events(on), root.Texts("env"), [.. jobs.SelectMany(job => JobsOf(job.Key, job.Value, folder))]);
        }
        catch (Exception e) when (e is YamlException or InvalidCastException or ArgumentException) // also keys that are no text, or come twice
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Whether what happened starts this workflow.</summary>
    public bool StartsOn(Trigger trigger)
    {
        if (!On.TryGetValue(trigger.Event, out var filter)) return false;
        if (trigger.Event == "pull_request" && trigger.Action is { } action &&
            !(filter.Types.IsEmpty ? action is "opened" or "synchronize" or "reopened" : filter.Types.Contains(action))) return false;
        if (trigger.Event == "push" && filter.TagsOnly) return false;

        var branch = trigger.BaseBranch ?? trigger.Branch;
        var wanted = filter.Branches.IsEmpty;
        foreach (var pattern in filter.Branches) // the last that matches decides; "!" takes away
        {
            if (Matches(branch, pattern.TrimStart('!'))) wanted = !pattern.StartsWith('!');
        }

        return wanted && !filter.BranchesIgnore.Exists(pattern => Matches(branch, pattern));
    }

    private static bool Matches(string branch, string pattern) =>
        Regex.IsMatch(branch, $"^{Regex.Escape(pattern).Replace(@"\*\*", ".*", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal)}$");

    private static ImmutableDictionary<string, EventFilter> Events(YamlNode on)
    {
        var all = new EventFilter([], [], [], false);
        return on switch
        {
            YamlScalarNode one => ImmutableDictionary<string, EventFilter>.Empty.Add(one.Value!, all),
            YamlSequenceNode many => many.OfType<YamlScalarNode>().ToImmutableDictionary(node => node.Value!, _ => all),
            YamlMappingNode map => map.ToImmutableDictionary(
                pair => ((YamlScalarNode)pair.Key).Value!,
                pair => pair.Value is YamlMappingNode filter
                    ? new(filter.List("branches"), filter.List("branches-ignore"), filter.List("types"),
                        filter.Get("tags") is not null && filter.Get("branches") is null && filter.Get("branches-ignore") is null)
                    : all),
            _ => throw new FormatException("Unexpected value in `on`"),
        };
    }

    private static IEnumerable<JobPlan> JobsOf(string id, YamlNode node, string? folder)
    {
        if (node is not YamlMappingNode job) throw new FormatException($"job {id} is no mapping");
        if (job.Get("runs-on") is null && job.Get("uses") is null) throw new FormatException($"Required property is missing: runs-on (job {id})");
        var inner = (job.Get("defaults") as YamlMappingNode)?.Map("run") is { } defaults ? Value(defaults, "working-directory") : null;
        var steps = job.Get("steps") is YamlSequenceNode list ? list.OfType<YamlMappingNode>().Select(Step).ToImmutableList() : [];
        var minutes = double.TryParse(job.Text("timeout-minutes"), out var limit) ? limit : 360;
        foreach (var matrix in WorkflowMatrix.Of(job))
        {
            var name = Expressions.Fill(job.Text("name") ?? id, key => matrix.GetValueOrDefault(key.Replace("matrix.", "", StringComparison.Ordinal)));
            if (job.Text("name") is null && !matrix.IsEmpty) name = $"{id} ({string.Join(", ", matrix.Values)})";
            yield return new(id, name, job.List("needs"), job.Text("if"), TimeSpan.FromMinutes(minutes), matrix, job.Texts("env"), inner ?? folder, steps);
        }
    }

    private static StepPlan Step(YamlMappingNode step)
    {
        var (run, uses) = (step.Text("run"), step.Text("uses"));
        if (run is null == uses is null) throw new FormatException("every step must define a `uses` or `run` key");
        return new(step.Text("name") ?? (uses is null ? $"Run {run!.Split('\n')[0]}" : $"Run {uses}"), run, uses, step.Text("if"), step.Text("shell"),
            step.Text("working-directory"), step.Text("continue-on-error") == "true", step.Texts("env"));
    }

    private static string? Value(IReadOnlyDictionary<string, YamlNode> map, string key) => (map.GetValueOrDefault(key) as YamlScalarNode)?.Value;
}
