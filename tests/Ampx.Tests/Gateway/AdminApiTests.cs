using Ampx.Core.Api;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class AdminApiTests : IAsyncLifetime
{
    private readonly GatewayHost gateway = new();

    public ValueTask InitializeAsync() => gateway.InitializeAsync();

    public ValueTask DisposeAsync() => gateway.DisposeAsync();

    [Fact]
    public async Task A_check_tells_what_it_found_and_repairs_only_when_told()
    {
        gateway.Tasks.Admin.Finds = new([new("index", "01JD3Z8M4N5P6Q7R8S9TAK3F9Q", "task_index", "the task has no row")], new(1, 2, 64, 1, 0, 0, 3, 1));
        var answer = await gateway.Send(HttpMethod.Post, "/api/v1/admin/check", null);
        Assert.Equal(
            (200, """{"findings":[{"kind":"index","task_id":"01JD3Z8M4N5P6Q7R8S9TAK3F9Q","where":"task_index","detail":"the task has no row","repaired":false}],"checked":{"tasks":1,"timeline_entries":2,"reminders":64,"activations":1,"runs":0,"run_folders":0,"workspaces":3,"machines":1}}"""),
            (answer.Status, answer.Body));
        Assert.Equal(200, (await gateway.Post("/api/v1/admin/check", "{}")).Status);
        Assert.Equal(200, (await gateway.Post("/api/v1/admin/check", """{"repair":true}""")).Status);
        Assert.Equal([false, false, true], gateway.Tasks.Admin.Asked);
    }

    [Fact]
    public async Task A_wrong_body_is_refused_and_nothing_is_looked_at()
    {
        (await gateway.Post("/api/v1/admin/check", """{"repair":"yes"}""")).BadFields("repair");
        (await gateway.Post("/api/v1/admin/check", """{"mend":true}""")).BadFields("mend");
        (await gateway.Post("/api/v1/admin/check", "[]")).Problem(400, "bad_request");
        Assert.Empty(gateway.Tasks.Admin.Asked);
    }

    [Fact]
    public async Task A_backup_is_an_attachment_and_leaves_no_copy_behind()
    {
        using var answer = await gateway.Client.PostAsync(new Uri("/api/v1/admin/backup", UriKind.Relative), null);
        Assert.Equal(
            (200, "application/gzip", "attachment; filename=ampx-20260504-120000.tar.gz"),
            ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentDisposition?.ToString()));
        Assert.Equal(gateway.Backup.Bytes, await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(0, gateway.Backup.Kept);
    }

    [Fact]
    public async Task A_service_without_files_of_its_own_says_what_to_use_instead()
    {
        gateway.Backup.WhyNot = "back that up with pg_dump";
        var problem = (await gateway.Send(HttpMethod.Post, "/api/v1/admin/backup", null)).Problem(409, "conflict");
        Assert.Equal("back that up with pg_dump", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_copy_that_cannot_be_taken_is_a_problem_and_one_that_breaks_off_never_looks_whole()
    {
        gateway.Backup.Trouble = new IOException("No space left on device", 28);
        (await gateway.Send(HttpMethod.Post, "/api/v1/admin/backup", null)).Problem(507, "internal");
        gateway.Backup.Trouble = null;
        gateway.Backup.Breaks = new IOException("Input/output error");
        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Send(HttpMethod.Post, "/api/v1/admin/backup", null));
        Assert.Equal(0, gateway.Backup.Kept);
    }

    [Theory]
    [InlineData("/api/v1/admin/check")]
    [InlineData("/api/v1/admin/backup")]
    public async Task Strangers_are_unknown_here_and_only_admins_may(string path)
    {
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, path, null)).Problem(401, "unauthorized");
        foreach (var role in (string[])["viewer", "member", "lead"])
        {
            var refused = await Assert.ThrowsAsync<RefusedException>(() => Call(path, role));
            Assert.Equal((403, "forbidden"), (refused.Status, refused.Code));
        }

        Assert.Empty(gateway.Tasks.Admin.Asked);
        await Call(path, "admin");
    }

    /// <summary>The route's own code with a caller of that role; in mode local there are only admins.</summary>
    private async Task Call(string path, string role)
    {
        var route = gateway.Routes.Single(route => route.RoutePattern.RawText == path);
        var http = new DefaultHttpContext { RequestServices = gateway.Services, User = Callers.Principal(new(new Caller("ada", Callers.RoleOf(role))), Callers.Bearer, "test") };
        http.Request.Method = "POST";
        http.Response.Body = new MemoryStream();
        http.SetEndpoint(route);
        await route.RequestDelegate!(http);
    }
}
