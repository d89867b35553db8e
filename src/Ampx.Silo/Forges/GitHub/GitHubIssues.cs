using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Ampx.Core;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Reads issues.</summary>
public sealed partial class GitHubIssues(GitHubApi api)
{
    private const int MostOfIssue = 60_000, MostOfBody = 30_000, MostOfComment = 10_000, PageSize = 100;

    /// <summary>Title, body and comments with their authors, at most about 60,000 characters: of too many comments the oldest are left out.</summary>
    /// <exception cref="ForgeException">github_not_found, github_forbidden: no such issue, or the credential lacks issues:read.</exception>
    public async Task<IssueText> Read(RepoRef repo, int number, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        var name = $"{repo.Owner}/{repo.Name}";
        try
        {
            var issue = await api.Ask(repo, $"read issue #{number}", client => client.Issue.Get(repo.Owner, repo.Name, number), cancel);
            if (issue.PullRequest is not null) throw new ForgeException(ErrorCodes.GitHubNotFound, $"#{number} of {name} is a pull request, not an issue: say in words what is to be done about it");
            if (issue.Number != number) throw new ForgeException(ErrorCodes.GitHubNotFound, $"issue #{number} of {name} was moved to {issue.HtmlUrl}: start a task there");
            var text = new StringBuilder($"{Author(issue.User)} wrote on {issue.CreatedAt:yyyy-MM-dd}:\n\n{Seen(issue.Body, MostOfBody)}\n");
            var (comments, left) = await Comments(repo, issue, MostOfIssue - text.Length, cancel);
            if (left > 0) text.Append($"\n({left} earlier {(left == 1 ? "comment is" : "comments are")} left out.)\n");
            foreach (var comment in comments) text.Append(comment);
            return new(Seen(issue.Title, PullRequestText.MostOfTitle), text.ToString());
        }
        catch (ForgeException no) when (no.Is(HttpStatusCode.NotFound))
        {
            throw new ForgeException(ErrorCodes.GitHubNotFound, $"{name} has no issue #{number}, or the credential may not read issues: it needs issues:read", no);
        }
        catch (ForgeException no) when (no.Is(HttpStatusCode.Gone))
        {
            throw new ForgeException(ErrorCodes.GitHubNotFound, $"issue #{number} of {name} was deleted, or the repository has its issues switched off", no);
        }
        catch (ForgeException no) when (no.Code is ErrorCodes.GitHubForbidden)
        {
            throw new ForgeException(ErrorCodes.GitHubForbidden, $"the credential may not read the issues of {name}: it needs issues:read", no);
        }
    }

    /// <summary>The newest that fit, in order; read from the last page on, so that a long history costs few calls.</summary>
    private async Task<(IReadOnlyList<string> Texts, int LeftOut)> Comments(RepoRef repo, Octokit.Issue issue, int room, CancellationToken cancel)
    {
        var texts = new List<string>();
        for (var page = (issue.Comments + PageSize - 1) / PageSize; page > 0; page--)
        {
            var options = new Octokit.ApiOptions { PageSize = PageSize, PageCount = 1, StartPage = page };
            var part = await api.Ask(repo, $"read the comments of issue #{issue.Number}", client => client.Issue.Comment.GetAllForIssue(repo.Owner, repo.Name, issue.Number, options), cancel);
            foreach (var comment in part.Reverse())
            {
                var text = $"\n{Author(comment.User)} commented on {comment.CreatedAt:yyyy-MM-dd}:\n\n{Seen(comment.Body, MostOfComment)}\n";
                if (text.Length > room) return (texts.AsEnumerable().Reverse().ToList(), Math.Max(1, issue.Comments - texts.Count));
                texts.Add(text);
                room -= text.Length;
            }
        }

        return (texts.AsEnumerable().Reverse().ToList(), 0);
    }

    private static string Author(Octokit.User? user) => user is null ? "somebody" : $"@{user.Login}";

    /// <summary>What a reader of the page sees: a comment hidden in the text is no part of what was agreed on there.</summary>
    private static string Seen(string? text, int room)
    {
        var seen = Hidden().Replace(Fence.Plain(text ?? ""), "").Trim();
        return seen.Length == 0 ? "(no text)" : QuotedText.Cut(seen, room);
    }

    [GeneratedRegex("<!--.*?(?:-->|$)", RegexOptions.Singleline)]
    private static partial Regex Hidden();
}
