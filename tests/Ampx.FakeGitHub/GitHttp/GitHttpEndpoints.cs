using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.GitHttp;

/// <summary>Git's smart HTTP protocol at <c>/{owner}/{repo}.git/</c>, answered by git itself.</summary>
internal static class GitHttpEndpoints
{
    public static void MapGit(this WebApplication app, Site site)
    {
        app.MapGet("/{owner}/{repo}/info/refs", context => Serve(context, site, context.Request.Query["service"].ToString(), "/info/refs"));
        app.MapPost("/{owner}/{repo}/git-upload-pack", context => Serve(context, site, "git-upload-pack", "/git-upload-pack"));
        app.MapPost("/{owner}/{repo}/git-receive-pack", context => Serve(context, site, "git-receive-pack", "/git-receive-pack"));
    }

    private static async Task Serve(HttpContext context, Site site, string service, string path)
    {
        var owner = (string)context.GetRouteValue("owner")!;
        var name = (string)context.GetRouteValue("repo")!;
        if (name.EndsWith(".git", StringComparison.OrdinalIgnoreCase)) name = name[..^4];
        var pushes = service == "git-receive-pack";
        if (!pushes && service != "git-upload-pack")
        {
            await Refuse(context, StatusCodes.Status403Forbidden, "Please upgrade your git client.");
            return;
        }

        var secret = AccessTokens.Secret(context.Request.Headers.Authorization);
        var token = secret is null ? null : site.Tokens.Find(secret);
        if (secret is not null && token is null)
        {
            Challenge(context);
            await Refuse(context, StatusCodes.Status401Unauthorized,
                "Invalid username or token. Password authentication is not supported for Git operations.");
            return;
        }

        var repository = site.Repositories.Find($"{owner}/{name}");
        if (token is null && (pushes || repository is null or { Settings.Private: true }))
        {
            Challenge(context);
            await Refuse(context, StatusCodes.Status401Unauthorized, "No anonymous write access.");
            return;
        }

        if (repository is null || (token is not null && !(token.Reaches(repository.FullName) && token.Allows("contents", "read"))))
        {
            await Refuse(context, StatusCodes.Status404NotFound, "Repository not found.");
            return;
        }

        if (pushes && !token!.Allows("contents", "write"))
        {
            await Refuse(context, StatusCodes.Status403Forbidden, $"Permission to {repository.FullName}.git denied to {token.Login}.");
            return;
        }

        var cgi = new GitCgi(site, repository, token, path);
        if (context.Request.Method == "POST" && pushes) await site.Pushes.Receive(repository, token!.Login, () => cgi.Run(context));
        else await cgi.Run(context);
    }

    private static void Challenge(HttpContext context) => context.Response.Headers.WWWAuthenticate = "Basic realm=\"GitHub\"";

    private static Task Refuse(HttpContext context, int status, string words)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(words + "\n");
    }
}
