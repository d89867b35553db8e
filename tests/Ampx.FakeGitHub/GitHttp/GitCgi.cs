using System.Globalization;
using System.Text;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;
using CliWrap;

namespace Ampx.FakeGitHub.GitHttp;

/// <summary>One request answered by <c>git http-backend</c>; both bodies are streamed.</summary>
internal sealed class GitCgi(Site site, Repository repository, AccessToken? token, string path)
{
    public async Task Run(HttpContext context)
    {
        var errors = new StringBuilder();
        var result = await Cli.Wrap("git").WithArguments("http-backend").WithEnvironmentVariables(Environment(context.Request))
            .WithStandardInputPipe(PipeSource.FromStream(context.Request.Body))
            .WithStandardOutputPipe(PipeTarget.Create((output, cancel) => Answer(output, context.Response, cancel)))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(context.RequestAborted);
        if (result.ExitCode != 0 && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync($"git http-backend ended with {result.ExitCode}: {errors}");
        }
    }

    private Dictionary<string, string?> Environment(HttpRequest request) => new(BareGit.CleanEnvironment)
    {
        ["GIT_PROJECT_ROOT"] = repository.Git.Folder,
        ["GIT_HTTP_EXPORT_ALL"] = "1",
        ["GIT_PROTOCOL"] = request.Headers["Git-Protocol"].ToString(),
        ["PATH_INFO"] = path,
        ["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?') ?? "",
        ["REQUEST_METHOD"] = request.Method,
        ["CONTENT_TYPE"] = request.ContentType ?? "",
        ["CONTENT_LENGTH"] = request.ContentLength?.ToString(CultureInfo.InvariantCulture),
        ["HTTP_CONTENT_ENCODING"] = request.Headers.ContentEncoding.ToString(), // git unpacks gzip itself
        ["REMOTE_USER"] = token?.Login ?? "",
        ["REMOTE_ADDR"] = "127.0.0.1",
        ["FAKE_WEB_URL"] = site.WebUrl,
        ["FAKE_REPOSITORY"] = repository.FullName,
        ["FAKE_MAY_CHANGE_WORKFLOWS"] = token?.Allows("workflows", "write") == true ? "yes" : "no",
        ["FAKE_TOKEN_KIND"] = token?.Installation == true ? "a GitHub App" : "a Personal Access Token",
        ["FAKE_WORKFLOW_RIGHT"] = token?.Installation == true ? "`workflows` permission" : "`workflow` scope",
    };

    /// <summary>CGI's header lines become the answer's; the rest is its body.</summary>
    private static async Task Answer(Stream output, HttpResponse response, CancellationToken cancel)
    {
        var buffered = new BufferedStream(output, 64 * 1024);
        while (ReadLine(buffered) is { Length: > 0 } line)
        {
            if (line.Split(':', 2) is not [var name, var value]) continue;
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
                response.StatusCode = int.Parse(value.Trim().Split(' ')[0], CultureInfo.InvariantCulture);
            else
                response.Headers[name] = value.Trim();
        }

        await buffered.CopyToAsync(response.Body, cancel);
    }

    private static string? ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        for (int read; (read = stream.ReadByte()) >= 0;)
        {
            if (read == '\n') return line.ToString().TrimEnd('\r');
            line.Append((char)read);
        }

        return line.Length == 0 ? null : line.ToString();
    }
}
