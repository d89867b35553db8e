using System.Globalization;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Commits and their files as GitHub writes them.</summary>
internal static class CommitShapes
{
    private const char Unit = '\u001f';

    public static async Task<object> Commit(RepoCall call, string sha, bool withFiles = false)
    {
        var git = call.Repository.Git;
        var text = await git.Run("log", "-1", $"--format=%T{Unit}%P{Unit}%an{Unit}%ae{Unit}%aI{Unit}%cn{Unit}%ce{Unit}%cI{Unit}%B", sha);
        var f = text.Split(Unit);
        var parents = f[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var files = withFiles ? await Files(call, parents.FirstOrDefault() ?? "4b825dc642cb6eb9a060e54bf8d69288fbee4904", sha) : null;
        var shape = new Dictionary<string, object?>
        {
            ["sha"] = sha,
            ["node_id"] = Ids.Node("C", sha.GetHashCode(StringComparison.Ordinal)),
            ["commit"] = new
            {
                author = new { name = f[2], email = f[3], date = Time(f[4]) },
                committer = new { name = f[5], email = f[6], date = Time(f[7]) },
                message = f[8].TrimEnd('\n'),
                tree = new { sha = f[0], url = $"{call.RepoUrl}/git/trees/{f[0]}" },
                url = $"{call.RepoUrl}/git/commits/{sha}",
                comment_count = 0,
                verification = new { verified = false, reason = "unsigned", signature = (string?)null, payload = (string?)null, verified_at = (string?)null },
            },
            ["url"] = $"{call.RepoUrl}/commits/{sha}",
            ["html_url"] = $"{call.HtmlUrl}/commit/{sha}",
            ["comments_url"] = $"{call.RepoUrl}/commits/{sha}/comments",
            ["author"] = null,
            ["committer"] = null,
            ["parents"] = parents.Select(parent => new { sha = parent, url = $"{call.RepoUrl}/commits/{parent}", html_url = $"{call.HtmlUrl}/commit/{parent}" }).ToArray(),
        };
        if (files is null) return shape;
        shape["stats"] = new { total = files.Sum(x => x.Changes), additions = files.Sum(x => x.Added), deletions = files.Sum(x => x.Deleted) };
        shape["files"] = files.Select(x => x.Shape).ToArray();
        return shape;
    }

    public static async Task<List<(int Added, int Deleted, int Changes, object Shape)>> Files(RepoCall call, string from, string to)
    {
        var counts = await call.Repository.Git.Run("diff", "--numstat", "--no-renames", from, to);
        var kinds = await call.Repository.Git.Run("diff", "--name-status", "--no-renames", from, to);
        var statuses = kinds.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToDictionary(p => p[1], p => p[0]);
        var files = new List<(int, int, int, object)>();
        foreach (var line in counts.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\t');
            var (added, deleted) = (Count(parts[0]), Count(parts[1]));
            var status = statuses[parts[2]] switch { "A" => "added", "D" => "removed", _ => "modified" };
            var diff = await call.Repository.Git.Run("diff", "--no-renames", from, to, "--", parts[2]);
            var hunk = diff.IndexOf("@@", StringComparison.Ordinal);
            var shape = new Dictionary<string, object?>
            {
                ["sha"] = (await call.Repository.Git.Try("rev-parse", $"{(status == "removed" ? from : to)}:{parts[2]}")).StandardOutput.Trim(),
                ["filename"] = parts[2],
                ["status"] = status,
                ["additions"] = added,
                ["deletions"] = deleted,
                ["changes"] = added + deleted,
                ["blob_url"] = $"{call.HtmlUrl}/blob/{to}/{parts[2]}",
                ["raw_url"] = $"{call.HtmlUrl}/raw/{to}/{parts[2]}",
                ["contents_url"] = $"{call.RepoUrl}/contents/{parts[2]}?ref={to}",
            };
            if (hunk >= 0) shape["patch"] = diff[hunk..];
            files.Add((added, deleted, added + deleted, shape));
        }

        return files;
    }

    private static int Count(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static string? Time(string iso) => Shapes.Time(DateTimeOffset.Parse(iso, CultureInfo.InvariantCulture));
}
