using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class ServiceApiTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    [Fact]
    public async Task The_service_says_who_calls_and_which_version_answers()
    {
        Assert.Equal($$"""{"name":"{{Environment.UserName}}","role":"admin"}""", (await gateway.Get("/api/v1/whoami")).Body);
        Assert.Equal("""{"version":"1.2.3"}""", (await gateway.Get("/api/v1/version")).Body);
    }

    [Fact]
    public async Task Doctor_tells_each_check_and_hands_the_repository_on()
    {
        gateway.Tasks.Doctor.Finds = [DoctorCheck.Fine("git", "git version 2.39.5"), DoctorCheck.Bad("agent:amp", "not signed in", "Run 'amp login'.")];
        var answer = await gateway.Get("/api/v1/doctor?repo=acme%2Fshop");
        Assert.Equal(
            (200, "application/json", "acme/shop", """{"checks":[{"name":"git","ok":true,"needed":true,"detail":"git version 2.39.5","fix":null},{"name":"agent:amp","ok":false,"needed":true,"detail":"not signed in","fix":"Run 'amp login'."}]}"""),
            (answer.Status, answer.Type, gateway.Tasks.Doctor.Asked, answer.Body));
        Assert.Equal(200, (await gateway.Get("/api/v1/doctor")).Status);
        Assert.Null(gateway.Tasks.Doctor.Asked);
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/api/v1/doctor", null)).Problem(401, "unauthorized");
    }

    [Fact]
    public async Task Health_is_for_everybody_and_tells_no_details()
    {
        Assert.Equal("""{"status":"healthy","checks":{"silo":"healthy"}}""", (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/health/ready", null)).Body);
        gateway.Healthy = false;
        try
        {
            var ready = await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/health/ready", null);
            Assert.Equal((503, """{"status":"unhealthy","checks":{"silo":"unhealthy"}}"""), (ready.Status, ready.Body));
            Assert.Equal(200, (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/health/live", null)).Status);
        }
        finally
        {
            gateway.Healthy = true;
        }
    }

    [Theory]
    [InlineData("/tasks?limit=3&status=queued", "/api/v1/tasks?limit=3&status=queued")]
    [InlineData("/tasks/01AB%20C/logs/stream", "/api/v1/tasks/01AB%20C/logs/stream")]
    public async Task Short_ways_lead_to_the_long_ones(string from, string to)
    {
        var answer = await gateway.Get(from);
        Assert.Equal((308, to), (answer.Status, answer.Headers["Location"]));
    }

    [Fact]
    public async Task What_is_not_there_and_what_is_done_wrongly_has_problem_details()
    {
        (await gateway.Get("/api/v1/nothing")).Problem(404, "not_found");
        (await gateway.Get("/favicon.ico")).Problem(404, "not_found");
        var wrong = await gateway.Send(HttpMethod.Delete, "/api/v1/tasks", null);
        wrong.Problem(405, "method_not_allowed");
        Assert.Contains("POST", wrong.Headers["Allow"], StringComparison.Ordinal);
        Assert.Equal(308, (await gateway.Send(HttpMethod.Patch, "/tasks/x", "{}")).Status);
    }

    [Fact]
    public async Task An_unexpected_failure_keeps_its_secrets()
    {
        gateway.Tasks.Trouble = new InvalidOperationException("connection string with a password");
        try
        {
            var answer = await gateway.Get("/api/v1/tasks");
            answer.Problem(500, "internal");
            Assert.DoesNotContain("password", answer.Body, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        }
        finally
        {
            gateway.Tasks.Trouble = null;
        }
    }

    [Theory]
    [InlineData("SQLite Error 13: 'database or disk is full'.", 507, "internal", "free some space")]
    [InlineData("SQLite Error 11: 'database disk image is malformed'.", 500, "internal", "ampx admin restore")]
    [InlineData("SQLite Error 26: 'file is not a database'.", 500, "internal", "ampx admin restore")]
    public async Task What_is_wrong_with_the_machine_is_told(string words, int status, string code, string help)
    {
        gateway.Tasks.Trouble = new InvalidOperationException("a grain call failed", new IOException(words));
        try
        {
            Assert.Contains(help, (await gateway.Get("/api/v1/tasks")).Problem(status, code).GetProperty("detail").GetString()!, StringComparison.Ordinal);
        }
        finally
        {
            gateway.Tasks.Trouble = null;
        }
    }
}
