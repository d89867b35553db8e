using Ampx.Core.Api;
using Ampx.Silo.Storage;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class TokensOnSqlite() : TokenTableTests(new StorageFolder());

public sealed class TokensOnPostgres() : TokenTableTests(StorageFolder.OnPostgres());

/// <summary>API tokens as they are stored.</summary>
public abstract class TokenTableTests : IDisposable
{
    private static readonly DateTimeOffset Now = StorageFolder.Start;
    private readonly StorageFolder files;
    private readonly TokenTable tokens;

    protected TokenTableTests(StorageFolder files) => (this.files, tokens) = (files, new TokenTable(files.Database));

    public void Dispose()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_is_kept_is_found_by_its_hash_from_another_process_too()
    {
        var token = Token("laptop") with { ExpiresAt = Now.AddDays(90) };
        await tokens.Add(token, "h1", StorageFolder.Soon);
        await tokens.Add(Token("desk", Role.Viewer), "h2", StorageFolder.Soon);
        using var other = files.Open();
        var there = new TokenTable(other);
        Assert.Equal(token, await there.Find("h1", StorageFolder.Soon));
        Assert.Null(await there.Find("h3", StorageFolder.Soon));
        Assert.Equal(["laptop", "desk"], (await there.All(StorageFolder.Soon)).Select(one => one.Name));
    }

    [Fact]
    public async Task A_revoked_one_is_gone_for_every_process_with_its_browsers()
    {
        var token = Token("laptop");
        await tokens.Add(token, "h1", StorageFolder.Soon);
        await tokens.Issue(Ticket.Session, "s1", token.Id, Now.AddDays(7), Now, StorageFolder.Soon);
        using var other = files.Open();
        var there = new TokenTable(other);
        Assert.Equal(token, await there.Read(Ticket.Session, "s1", Now, StorageFolder.Soon));
        Assert.Equal(Revocation.Done, await tokens.Remove(token.Id, Now, StorageFolder.Soon));
        Assert.Null(await there.Find("h1", StorageFolder.Soon));
        Assert.Null(await there.Read(Ticket.Session, "s1", Now, StorageFolder.Soon));
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM sign_in"));
        Assert.Equal(Revocation.Unknown, await tokens.Remove(token.Id, Now, StorageFolder.Soon));
    }

    [Fact]
    public async Task Of_two_admins_that_revoke_each_other_at_once_one_stays()
    {
        using var other = files.Open();
        var there = new TokenTable(other);
        for (var round = 0; round < 20; round++)
        {
            var (one, two) = (Token("one", Role.Admin), Token("two", Role.Admin));
            await tokens.Add(one, $"a{round}", StorageFolder.Soon);
            await tokens.Add(two, $"b{round}", StorageFolder.Soon);
            foreach (var old in (await tokens.All(StorageFolder.Soon)).Where(old => old != one && old != two)) await tokens.Remove(old.Id, Now, StorageFolder.Soon);
            var ends = await Task.WhenAll(tokens.Remove(one.Id, Now, StorageFolder.Soon), there.Remove(two.Id, Now, StorageFolder.Soon));
            Assert.Equal([Revocation.Done, Revocation.LastAdmin], ends.Order());
        }
    }

    [Fact]
    public async Task An_admins_that_has_expired_is_nobodys_last()
    {
        var (old, last) = (Token("old", Role.Admin) with { ExpiresAt = Now }, Token("last", Role.Admin));
        await tokens.Add(old, "h1", StorageFolder.Soon);
        await tokens.Add(last, "h2", StorageFolder.Soon);
        await tokens.Add(Token("member"), "h3", StorageFolder.Soon);
        Assert.Equal(Revocation.LastAdmin, await tokens.Remove(last.Id, Now, StorageFolder.Soon));
        Assert.Equal(Revocation.Done, await tokens.Remove(old.Id, Now, StorageFolder.Soon));
    }

    [Fact]
    public async Task Of_many_first_admins_at_once_one_is_kept()
    {
        using var other = files.Open();
        var processes = new[] { tokens, new TokenTable(other) };
        var kept = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => processes[n % 2].AddAdmin(Token($"n{n}", Role.Admin), $"h{n}", StorageFolder.Soon)));
        Assert.Single(kept, one => one);
        Assert.Single(await tokens.All(StorageFolder.Soon));
    }

    [Fact]
    public async Task A_code_is_taken_once_however_many_try_and_not_after_its_time()
    {
        var token = Token("laptop");
        await tokens.Add(token, "h1", StorageFolder.Soon);
        await tokens.Issue(Ticket.Code, "c1", token.Id, Now.AddSeconds(60), Now, StorageFolder.Soon);
        await tokens.Issue(Ticket.Code, "c2", token.Id, Now.AddSeconds(60), Now, StorageFolder.Soon);
        Assert.Null(await tokens.Take(Ticket.Session, "c1", Now, StorageFolder.Soon));
        using var other = files.Open();
        var processes = new[] { tokens, new TokenTable(other) };
        Assert.Single(await Task.WhenAll(Enumerable.Range(0, 10).Select(n => processes[n % 2].Take(Ticket.Code, "c1", Now, StorageFolder.Soon))), taken => taken is not null);
        Assert.Null(await tokens.Take(Ticket.Code, "c2", Now.AddSeconds(60), StorageFolder.Soon));
        await tokens.Issue(Ticket.Code, "c3", token.Id, Now.AddSeconds(120), Now.AddSeconds(60), StorageFolder.Soon);
        Assert.Equal(1, await files.Scalar<int>("SELECT count(*) FROM sign_in"));
    }

    [Fact]
    public async Task The_last_use_only_grows()
    {
        var token = Token("laptop");
        await tokens.Add(token, "h1", StorageFolder.Soon);
        await tokens.Used(new Dictionary<string, DateTimeOffset> { [token.Id] = Now.AddMinutes(5), ["gone"] = Now }, StorageFolder.Soon);
        await tokens.Used(new Dictionary<string, DateTimeOffset> { [token.Id] = Now.AddMinutes(3) }, StorageFolder.Soon);
        Assert.Equal(Now.AddMinutes(5), (await tokens.Find("h1", StorageFolder.Soon))!.LastUsedAt);
    }

    private static ApiToken Token(string name, Role role = Role.Member) => new(Ulid.NewUlid().ToString(), name, "ada", role, Now, null, null);
}
