using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>What a client that got no answer may do: ask again.</summary>
public sealed class IdempotencyTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private const string Body = """{"repo":"acme/shop","prompt":"Mend it"}""";

    [Fact]
    public async Task The_same_key_and_body_again_answer_the_same_task()
    {
        var key = NewKey();
        var first = await Start(Body, key);
        var again = await Start(""" { "draft": false, "prompt": "Mend it", "base": null, "repo": "acme/shop" } """, key);
        Assert.Equal((201, 200), (first.Status, again.Status));
        Assert.Equal((first.Body, first.Headers["Location"], first.Headers["ETag"]), (again.Body, again.Headers["Location"], again.Headers["ETag"]));
        Assert.NotEqual(Id(first), Id(await Start(Body, NewKey())));
        Assert.NotEqual(Id(first), Id(await gateway.Post("/api/v1/tasks", Body)));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_a_mistake()
    {
        var key = NewKey();
        Assert.Equal(201, (await Start(Body, key)).Status);
        (await Start("""{"repo":"acme/shop","prompt":"Mend it well"}""", key)).Problem(422, "idempotency_mismatch");
        (await Start("""{"repo":"acme/shop","prompt":"Mend it","draft":true}""", key)).Problem(422, "idempotency_mismatch");
    }

    [Fact]
    public async Task Many_at_once_with_one_key_make_one_task()
    {
        var key = NewKey();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Start(Body, key)));
        Assert.Single(answers.Select(Id).Distinct());
        Assert.Equal(1, answers.Count(answer => answer.Status == 201));
        Assert.Equal(19, answers.Count(answer => answer.Status == 200));
    }

    [Fact]
    public async Task A_key_whose_task_could_not_be_made_makes_it_the_next_time()
    {
        var key = NewKey();
        gateway.Tasks.LosesTasks = new TimeoutException("the disk didn't answer");
        try
        {
            (await Start(Body, key)).Problem(503, "unavailable");
        }
        finally
        {
            gateway.Tasks.LosesTasks = null;
        }

        (await Start("""{"repo":"acme/shop","prompt":"Something else"}""", key)).Problem(422, "idempotency_mismatch");
        var made = await Start(Body, key);
        Assert.Equal(200, made.Status);
        Assert.Equal(Id(made), Id(await Start(Body, key)));
    }

    [Fact]
    public async Task What_was_refused_leaves_the_key_free_and_what_was_accepted_is_not_refused_later()
    {
        var (refused, accepted) = (NewKey(), NewKey());
        var task = await Start(Body, accepted);
        gateway.Facts.Refuses = new("agent_not_signed_in", "sign in first");
        try
        {
            (await Start(Body, refused)).Problem(422, "agent_not_signed_in");
            var again = await Start(Body, accepted);
            Assert.Equal((200, Id(task)), (again.Status, Id(again)));
        }
        finally
        {
            gateway.Facts.Refuses = null;
        }

        Assert.Equal(201, (await Start("""{"repo":"a/b","prompt":"Another"}""", refused)).Status);
    }

    [Fact]
    public async Task A_removed_task_does_not_come_back_by_its_key()
    {
        var key = NewKey();
        var id = Id(await Start(Body, key));
        gateway.Tasks[id].State = null;
        gateway.Keys.Removed.Add(id);
        var problem = (await Start(Body, key)).Problem(409, "conflict");
        Assert.Contains(id, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\tb")]
    public async Task A_key_that_is_none_is_refused(string key) => (await Start(Body, key)).Problem(400, "bad_request");

    [Fact]
    public async Task A_key_may_have_255_characters_and_not_one_more()
    {
        Assert.Equal(201, (await Start(Body, NewKey().PadRight(255, 'x'))).Status);
        (await Start(Body, NewKey().PadRight(256, 'x'))).Problem(400, "bad_request");
    }

    private const string Header = "Idempotency-Key";

    private static string NewKey() => Guid.NewGuid().ToString();

    private Task<Answer> Start(string body, string key) => gateway.Post("/api/v1/tasks", body, (Header, key));

    private static string Id(Answer answer) => answer.Json.GetProperty("id").GetString()!;
}
