using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>The repository itself, its branches, refs and files.</summary>
internal static class RepositoryEndpoints
{
    public static void MapRepositories(this WebApplication app, Site site)
    {
        app.OnRepo(site, "GET", "", "metadata=read", call => Task.FromResult(Answer.Ok(Shapes.Repository(site, call.Repository, call.Token))));
        app.OnRepo(site, "GET", "branches", "contents=read", Branches);
        app.OnRepo(site, "GET", "branches/{**branch}", "contents=read", Branch);
        app.OnRepo(site, "GET", "git/ref/{**name}", "contents=read", Ref);
        app.OnRepo(site, "GET", "git/matching-refs/{**name}", "contents=read", MatchingRefs);
        app.OnRepo(site, "POST", "git/refs", "contents=write", CreateRef);
        app.OnRepo(site, "DELETE", "git/refs/{**name}", "contents=write", DeleteRef);
        app.OnRepo(site, "GET", "contents/{**path}", "contents=read", Contents);
        app.OnRepo(site, "GET", "contents", "contents=read", Contents);
    }

    private static async Task<Answer> Branches(RepoCall call)
    {
        var refs = await call.Repository.Git.Refs();
        var branches = refs.Where(r => r.Key.StartsWith("refs/heads/", StringComparison.Ordinal)).OrderBy(r => r.Key, StringComparer.Ordinal).ToList();
        return Answer.Page(call.Call.Http, branches, (page, _) => page,
            r => new { name = r.Key["refs/heads/".Length..], commit = new { sha = r.Value, url = $"{call.RepoUrl}/commits/{r.Value}" }, @protected = false });
    }

    private static async Task<Answer> Branch(RepoCall call)
    {
        var name = call.Call.Route("branch");
        if (await call.Repository.Git.Branch(name) is not { } sha) return Answer.Error(404, "Branch not found");
        return Answer.Ok(new
        {
            name,
            commit = await CommitShapes.Commit(call, sha),
            _links = new { self = $"{call.RepoUrl}/branches/{name}", html = $"{call.HtmlUrl}/tree/{name}" },
            @protected = false,
            protection = new { enabled = false },
            protection_url = $"{call.RepoUrl}/branches/{name}/protection",
        });
    }

    private static object Ref(RepoCall call, string name, string sha) => new
    {
        @ref = name,
        node_id = Ids.Node("REF", name.Length),
        url = $"{call.RepoUrl}/git/{name}",
        @object = new { sha, type = "commit", url = $"{call.RepoUrl}/git/commits/{sha}" },
    };

    private static async Task<Answer> Ref(RepoCall call)
    {
        var name = "refs/" + call.Call.Route("name");
        return (await call.Repository.Git.Refs()).TryGetValue(name, out var sha) ? Answer.Ok(Ref(call, name, sha)) : Answer.NotFound;
    }

    private static async Task<Answer> MatchingRefs(RepoCall call)
    {
        var start = "refs/" + call.Call.Route("name");
        var refs = await call.Repository.Git.Refs();
        return Answer.Ok(refs.Where(r => r.Key.StartsWith(start, StringComparison.Ordinal)).Select(r => Ref(call, r.Key, r.Value)).ToArray());
    }

    private static async Task<Answer> CreateRef(RepoCall call)
    {
        if (call.Call.Text("ref") is not { } name || !name.StartsWith("refs/", StringComparison.Ordinal) || call.Call.Text("sha") is not { } sha)
            return Answer.Error(422, "Invalid request.");
        if (await call.Repository.Git.Resolve(sha) is null) return Answer.Error(422, "Object does not exist");
        var made = false;
        await call.Site.Pushes.Receive(call.Repository, call.Token.Login,
            async () => made = (await call.Repository.Git.Try("update-ref", name, sha, BareGit.Zero)).ExitCode == 0);
        return made ? Answer.Created(Ref(call, name, sha)) : Answer.Error(422, "Reference already exists");
    }

    private static async Task<Answer> DeleteRef(RepoCall call)
    {
        var name = "refs/" + call.Call.Route("name");
        if (!(await call.Repository.Git.Refs()).ContainsKey(name)) return Answer.Error(422, "Reference does not exist");
        if (name == "refs/heads/" + call.Repository.Settings.DefaultBranch) return Answer.Error(422, "Cannot delete the default branch");
        await call.Site.Pushes.Receive(call.Repository, call.Token.Login, () => call.Repository.Git.Run("update-ref", "-d", name));
        return Answer.NoContent;
    }

    private static async Task<Answer> Contents(RepoCall call)
    {
        var path = call.Call.Route("path").Trim('/');
        if (await call.Repository.Git.Resolve(call.Call.Query("ref") ?? call.Repository.Settings.DefaultBranch) is not { } sha)
            return Answer.Error(404, $"No commit found for the ref {call.Call.Query("ref")}");
        var spec = $"{sha}:{path}";
        var kind = (await call.Repository.Git.Try("cat-file", "-t", spec)).StandardOutput.Trim();
        if (kind == "blob")
        {
            var text = await call.Repository.Git.Try("show", spec);
            var bytes = System.Text.Encoding.UTF8.GetBytes(text.StandardOutput);
            return Answer.Ok(Entry(call, path, "file", await call.Repository.Git.Run("rev-parse", spec), bytes.Length, Convert.ToBase64String(bytes)));
        }

        if (kind != "tree") return Answer.NotFound;
        var lines = await call.Repository.Git.Run("ls-tree", "-l", spec);
        return Answer.Ok(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            var (about, name) = (line.Split('\t')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), line.Split('\t')[1]);
            var inner = path.Length == 0 ? name : $"{path}/{name}";
            return Entry(call, inner, about[1] == "tree" ? "dir" : "file", about[2], long.TryParse(about[3], out var size) ? size : 0, null);
        }).ToArray());
    }

    private static Dictionary<string, object?> Entry(RepoCall call, string path, string type, string sha, long size, string? content)
    {
        var url = $"{call.RepoUrl}/contents/{path}?ref={call.Call.Query("ref") ?? call.Repository.Settings.DefaultBranch}";
        var html = $"{call.HtmlUrl}/blob/{call.Repository.Settings.DefaultBranch}/{path}";
        var git = $"{call.RepoUrl}/git/{(type == "dir" ? "trees" : "blobs")}/{sha}";
        var entry = new Dictionary<string, object?>
        {
            ["type"] = type,
            ["size"] = size,
            ["name"] = Path.GetFileName(path),
            ["path"] = path,
            ["sha"] = sha,
            ["url"] = url,
            ["html_url"] = html,
            ["git_url"] = git,
            ["download_url"] = type == "file" ? $"{call.HtmlUrl}/raw/{path}" : null,
            ["_links"] = new { self = url, git, html },
        };
        if (content is null) return entry;
        entry["encoding"] = "base64";
        entry["content"] = content;
        return entry;
    }
}
