using System.Text.Json;
using System.Text.RegularExpressions;
using Ampx.Tests.Tasks;
using Microsoft.AspNetCore.Routing;
using NJsonSchema;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>The API's description, as the running gateway gives it, as it is kept in docs/openapi.json, and against what the gateway does.</summary>
public sealed partial class ApiDocumentTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private const string Kept = "docs/openapi.json";

    [Fact]
    public async Task The_kept_description_is_the_one_that_the_service_gives()
    {
        var answer = await gateway.Get("/openapi/v1.json");
        Assert.Equal((200, "application/json"), (answer.Status, answer.Type));
        var given = answer.Body.ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("AMPX_WRITE_OPENAPI") is { Length: > 0 }) await File.WriteAllTextAsync(Checkout.File(Kept), given);
        Assert.True(given == await File.ReadAllTextAsync(Checkout.File(Kept)), $"{Kept} is not what the service says: look at the difference that scripts/openapi.sh makes, and commit it");
    }

    [Fact]
    public async Task Every_route_of_the_API_is_described_and_nothing_else()
    {
        var routes = gateway.Routes.Where(route => route.RoutePattern.RawText!.StartsWith("/api/v1/", StringComparison.Ordinal))
            .SelectMany(route => route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText}"));
        var described = (await Operations()).Select(operation => $"{operation.Method.ToUpperInvariant()} {operation.Path}");
        Assert.Equal(routes.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_operation_has_a_name_a_summary_and_words_on_trouble()
    {
        var operations = await Operations();
        Assert.All(operations, operation =>
        {
            Assert.NotEmpty(operation.Json.GetProperty("summary").GetString()!);
            Assert.True(operation.Json.GetProperty("responses").GetProperty("default").GetProperty("content").TryGetProperty("application/problem+json", out _));
        });
        var names = operations.Select(operation => operation.Json.GetProperty("operationId").GetString()).ToList();
        Assert.Equal(names.Distinct(), names);
    }

    [Theory]
    [InlineData("/tasks", "/api/v1/tasks?owner=all")]
    [InlineData("/tasks/{id}", "/api/v1/tasks/{task}")]
    [InlineData("/tasks/{id}/timeline", "/api/v1/tasks/{task}/timeline")]
    [InlineData("/tasks/{id}/attempts", "/api/v1/tasks/{task}/attempts")]
    [InlineData("/tasks/{id}/logs", "/api/v1/tasks/{task}/logs")]
    [InlineData("/whoami", "/api/v1/whoami")]
    [InlineData("/version", "/api/v1/version")]
    [InlineData("/stats", "/api/v1/stats")]
    [InlineData("/doctor", "/api/v1/doctor")]
    public async Task An_answer_is_as_described(string path, string url)
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds().State!;
        gateway.Logs.Prints(task.Id, "a line");
        gateway.Tasks.Doctor.Finds = [Core.Api.DoctorCheck.Bad("git", "there is none", "install it")];
        var answer = await gateway.Get(url.Replace("{task}", task.Id, StringComparison.Ordinal));
        await Fits(answer, path, "get", "200");
    }

    [Fact]
    public async Task A_problem_is_as_described() => await Fits(await gateway.Post("/api/v1/tasks", "{}"), "/tasks", "post", "400");

    [Fact]
    public async Task The_page_to_read_it_comes_with_all_it_needs_and_asks_nobody_else()
    {
        var page = await gateway.Get("/docs/", ("Accept", "text/html"));
        Assert.Equal((200, "text/html"), (page.Status, page.Type));
        Assert.Contains("default-src 'self'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("://", page.Body.Replace("http://www.w3.org", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var scripts = Script().Matches(page.Body).Select(script => script.Groups["from"].Value).ToList();
        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            var code = await gateway.Get(new Uri(new Uri(gateway.Address, "/docs/"), script).PathAndQuery);
            Assert.Equal((200, "text/javascript"), (code.Status, code.Type));
            Assert.True(code.Body.Length > 10_000 || script.Contains("scalar.aspnetcore", StringComparison.Ordinal), $"{script} is hardly a page's code");
        }
    }

    [Theory]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs")]
    [InlineData("/docs/scalar.js")]
    public async Task Strangers_see_none_of_it(string path) => (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, path, null)).Problem(401, "unauthorized");

    private async Task Fits(Answer answer, string path, string method, string status)
    {
        var document = (await gateway.Get("/openapi/v1.json")).Json;
        var answers = document.GetProperty("paths").GetProperty($"/api/v1{path}").GetProperty(method).GetProperty("responses");
        var schema = answers.GetProperty(status).GetProperty("content").GetProperty(answer.Type!).GetProperty("schema");
        // "definitions" is where JSON Schema itself keeps what is referred to.
        var whole = JsonSerializer.Serialize(new { allOf = new[] { schema }, definitions = document.GetProperty("components").GetProperty("schemas") });
        var errors = (await JsonSchema.FromJsonAsync(whole.Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal))).Validate(answer.Body);
        Assert.True(errors.Count == 0, $"{string.Join("\n", errors)}\n{answer.Body}");
    }

    private async Task<List<(string Path, string Method, JsonElement Json)>> Operations() =>
        [.. (await gateway.Get("/openapi/v1.json")).Json.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => (path.Name, method.Name, method.Value)))];

    [GeneratedRegex(@"(src=""|from ['""])(?<from>[^'""]+)['""]")]
    private static partial Regex Script();
}
