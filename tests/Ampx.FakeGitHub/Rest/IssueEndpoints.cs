using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Issues, and what pull requests share with them: comments and labels.</summary>
internal static class IssueEndpoints
{
    private const string Read = "issues=read|pull_requests=read";
    private const string Write = "issues=write|pull_requests=write";

    public static void MapIssues(this WebApplication app, Site site)
    {
        app.OnRepo(site, "GET", "issues", Read, call => Task.FromResult(Answer.Page(call.Call.Http, call.Repository.Issues, (page, _) => page, issue => PullShapes.Issue(site, call.Repository, issue))));
        app.OnRepo(site, "GET", "issues/{number:int}", Read, call => On(call, false, issue => Answer.Ok(PullShapes.Issue(site, call.Repository, issue))));
        app.OnRepo(site, "GET", "issues/{number:int}/comments", Read, call => On(call, false, issue => Answer.Page(call.Call.Http, issue.Comments,
            (page, _) => page, comment => PullShapes.Comment(site, call.Repository, issue, comment))));
        app.OnRepo(site, "POST", "issues/{number:int}/comments", Write, call => On(call, true, issue => call.Call.Text("body") is { Length: > 0 } body
            ? Answer.Created(PullShapes.Comment(site, call.Repository, issue, issue.Say(body, call.Token.Login, site.Now)))
            : Answer.Invalid("IssueComment", "body", "missing_field")));
        app.OnRepo(site, "GET", "issues/{number:int}/labels", Read, call => On(call, false, issue => Answer.Ok(PullShapes.Labels(site, call.Repository, issue))));
        app.OnRepo(site, "POST", "issues/{number:int}/labels", Write, call => On(call, true, issue =>
        {
            issue.Label(call.Call.Texts("labels"));
            return Answer.Ok(PullShapes.Labels(site, call.Repository, issue));
        }));
    }

    /// <summary>The permission for issues opens issues, that for pull requests opens those.</summary>
    private static Task<Answer> On(RepoCall call, bool writes, Func<Issue, Answer> handle)
    {
        var issue = call.Repository.Issues.Find(one => one.Number == call.Call.Number("number"));
        if (issue is null) return Task.FromResult(Answer.NotFound);
        var allowed = call.Token.Allows(issue is PullRequest ? "pull_requests" : "issues", writes ? "write" : "read") ||
            (issue is PullRequest && call.Token.Allows("issues", writes ? "write" : "read"));
        return Task.FromResult(allowed ? handle(issue) : Answer.Error(403, "Resource not accessible by personal access token"));
    }
}
