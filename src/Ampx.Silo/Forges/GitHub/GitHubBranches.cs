using System.Net;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>A task's branch at GitHub.</summary>
public sealed class GitHubBranches(GitHubApi api, TaskNotes notes)
{
    /// <summary>The commit that <paramref name="branch"/> is at; null if there is no such branch. A repository that can't be seen is a failure.</summary>
    public async Task<string?> Tip(RepoRef repo, string branch, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        var name = string.Join('/', branch.Split('/').Select(Uri.EscapeDataString));
        var found = await api.Ask(repo, $"look for branch {branch}", client => client.Connection.Get<List<RefFacts>>(
            new Uri($"repos/{repo.Owner}/{repo.Name}/git/matching-refs/heads/{name}", UriKind.Relative), null), cancel);
        return found.Body.FirstOrDefault(one => one.Ref == $"refs/heads/{branch}")?.Object?.Sha;
    }

    /// <summary>Removes the merged branch if it is still at <paramref name="sha"/>: what came after is somebody's work. GitHub may have removed it already. A failure is only noted.</summary>
    public async Task Delete(RepoRef repo, TaskState task, string sha, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        try
        {
            var tip = await Tip(repo, task.Branch, cancel);
            if (tip == sha) await api.Ask(repo, $"delete branch {task.Branch}", client => client.Git.Reference.Delete(repo.Owner, repo.Name, $"heads/{task.Branch}"), cancel);
            else if (tip is not null) Note($"branch {task.Branch} isn't deleted: {tip[..10]} was pushed to it meanwhile");
        }
        catch (ForgeException no)
        {
            if (!no.Is(HttpStatusCode.UnprocessableEntity) && !no.Is(HttpStatusCode.NotFound)) Note($"left out: {no.Message}");
        }

        void Note(string text) => notes(task.Id, task.Attempt?.Number ?? 0, "system", text);
    }

    internal sealed class RefFacts
    {
        public string Ref { get; set; } = "";
        public ObjectFacts? Object { get; set; }
    }

    internal sealed class ObjectFacts
    {
        public string? Sha { get; set; }
    }
}
