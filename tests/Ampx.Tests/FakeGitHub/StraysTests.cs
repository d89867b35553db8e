using System.Text;
using Ampx.FakeGitHub.Rest;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>The check itself: what isn't as GitHub describes it is told, and nothing else.</summary>
public class StraysTests
{
    private const string Label = """{"id":1,"node_id":"L","url":"http://127.0.0.1/l","name":"bug","description":"","color":"ededed","default":false}""";
    private const string Comment = """{"id":"one"}""";

    [Theory]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 200, Label, null)]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 200, """{"id":1}""", "PropertyRequired at node_id")]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 200, """{"id":"one","node_id":"L","url":"http://127.0.0.1/l","name":"bug","description":null,"color":"ededed","default":false}""", "IntegerExpected at id")]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 200, """{"id":1,"node_id":"L","url":"http://127.0.0.1/l","name":"bug","description":null,"colour":"x","color":"ededed","default":false}""", "NoAdditionalPropertiesAllowed at colour")]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 204, "", "the status isn't described")]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 404, """{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}""", null)]
    [InlineData("GET", "/repos/a/b/labels/bug", "", 404, """{"message":"Not Found","status":"410"}""", "the error says it is a 410")]
    [InlineData("GET", "/repos/a/b/colours", "", 200, "{}", "GitHub has no such call")]
    [InlineData("GET", "/repos/a/b/issues/1/comments", "", 200, $"[{Comment}]", "IntegerExpected at [0].id")]
    public void An_answer_that_leaves_the_description_is_told(string method, string path, string query, int status, string answer, string? fault)
    {
        var strays = Strays.OfAnswer(Exchange(method, path, query, "", status, answer)).ToList();
        if (fault is null) Assert.Empty(strays);
        else Assert.Contains(strays, stray => stray.Contains(fault, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET", "/repos/a/b/pulls", "state=open&per_page=5", "", null)]
    [InlineData("GET", "/repos/a/b/pulls", "state=ajar", "", "NotInEnumeration")]
    [InlineData("GET", "/repos/a/b/pulls", "per_page=many", "", "IntegerExpected")]
    [InlineData("GET", "/repos/a/b/pulls", "author=me", "", "the parameter author is unknown")]
    [InlineData("GET", "/repos/a/b/contents/src/deep/file.cs", "ref=main", "", null)]
    [InlineData("GET", "/repos/a/b/git/ref/heads/amp/one", "", "", null)]
    [InlineData("POST", "/repos/a/b/pulls", "", """{"head":"one","base":"main","title":"A","draft":true}""", null)]
    [InlineData("POST", "/repos/a/b/pulls", "", """{"head":"one","title":"A"}""", "PropertyRequired at base")]
    [InlineData("POST", "/repos/a/b/pulls", "", """{"head":"one","base":"main","draft":"yes"}""", "BooleanExpected at draft")]
    [InlineData("POST", "/repos/a/b/pulls", "", """{"head":"one","base":"main","auto_merge":true}""", "NoAdditionalPropertiesAllowed at auto_merge")]
    [InlineData("POST", "/repos/a/b/pulls", "", "", "the body is missing")]
    [InlineData("PUT", "/repos/a/b/pulls/1", "", "{}", "GitHub has no such call")]
    public void A_call_that_leaves_the_description_is_told(string method, string path, string query, string body, string? fault)
    {
        var strays = Strays.OfRequest(Exchange(method, path, query, body, 200, "{}")).ToList();
        if (fault is null) Assert.Empty(strays);
        else Assert.Contains(strays, stray => stray.Contains(fault, StringComparison.Ordinal));
    }

    private static Exchange Exchange(string method, string path, string query, string body, int status, string answer)
    {
        string[] headers = ["X-GitHub-Request-Id", "X-GitHub-Media-Type", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset", "X-RateLimit-Resource", "ETag"];
        var sent = headers.ToDictionary(name => name, _ => "1");
        sent["Content-Type"] = "application/json; charset=utf-8";
        return new(method, path, query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]),
            Encoding.UTF8.GetBytes(body), status, sent, Encoding.UTF8.GetBytes(answer));
    }
}
