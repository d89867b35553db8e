using System.Net;
using System.Text;
using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Silo.Forges.GitHub;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>Which workflows of the default branch would judge a task's push or pull request.</summary>
internal static class WorkflowLook
{
    private const string Line = "workflows";

    /// <summary>Each file is a call; a repository with more has something that runs among the first.</summary>
    private const int Most = 20;

    /// <param name="at">The repository below the API's base: <c>repos/OWNER/NAME</c>.</param>
    public static async Task<DoctorCheck> At(GitHubProbe probe, string at, string branch, CancellationToken cancel)
    {
        var reference = $"?ref={Uri.EscapeDataString(branch)}";
        var folder = await probe.Get($"{at}/contents/{Workflows.Folder}{reference}", cancel);
        if (folder.Status is not HttpStatusCode.NotFound && !folder.Ok) return DoctorCheck.Warning(Line, $"can't be read: {folder.Words}", "Give the credential contents:read (contents:write has it).");
        string[] paths = folder.Body.ValueKind is JsonValueKind.Array
            ? [.. folder.Body.EnumerateArray().Select(file => file.TryGetProperty("path", out var path) ? path.GetString() ?? "" : "").Where(Workflows.IsWorkflow).Order(StringComparer.Ordinal)]
            : [];
        if (paths.Length == 0) return None($"{branch} has no {Workflows.Folder}");
        var off = await Disabled(probe, at, cancel);
        var files = await Task.WhenAll(paths.Take(Most).Select(async path => (Name: Path.GetFileName(path), Off: off.Contains(path), Runs: await Triggers(probe, $"{at}/contents/{path}{reference}", cancel))));

        var judges = files.Where(file => !file.Off && (file.Runs.Push || file.Runs.PullRequest)).Select(file => $"{file.Name} on {On(file.Runs)}").ToList();
        var others = files.Where(file => file.Off || !(file.Runs.Push || file.Runs.PullRequest)).Select(file => file.Off ? $"{file.Name} (disabled)" : file.Name).ToList();
        var more = paths.Length > Most ? $"; {paths.Length - Most} more were not read" : "";
        if (judges.Count == 0) return None($"of {string.Join(", ", others)} on {branch} none runs on push or pull_request{more}");
        return DoctorCheck.Fine(Line, $"{string.Join(", ", judges)}{(others.Count > 0 ? $"; on neither: {string.Join(", ", others)}" : "")}{more}");
    }

    private static DoctorCheck None(string why) => DoctorCheck.Bad(
        Line, $"{why}: a task would wait for CI in vain and end in needs_review, ci_not_started",
        $"Put a workflow with 'on: [push, pull_request]' into {Workflows.Folder} on the default branch, or enable one that is there.");

    private static string On(WorkflowTriggers runs) => runs is { Push: true, PullRequest: true } ? "push and pull_request" : runs.Push ? "push" : "pull_request";

    /// <summary>Workflows that somebody, or GitHub after months of silence, turned off.</summary>
    private static async Task<HashSet<string>> Disabled(GitHubProbe probe, string at, CancellationToken cancel)
    {
        var answer = await probe.Get($"{at}/actions/workflows?per_page=100", cancel);
        return answer.Find("workflows") is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Where(one => one.GetProperty("state").GetString() is { } state && state.StartsWith("disabled", StringComparison.Ordinal)).Select(one => one.GetProperty("path").GetString()!)]
            : [];
    }

    /// <summary>A file that can't be read counts as yes to both, as for tasks.</summary>
    private static async Task<WorkflowTriggers> Triggers(GitHubProbe probe, string path, CancellationToken cancel)
    {
        var file = await probe.Get(path, cancel);
        return file.Text("content") is { } content ? Workflows.Triggers(Encoding.UTF8.GetString(Convert.FromBase64String(content))) : new(true, true);
    }
}
