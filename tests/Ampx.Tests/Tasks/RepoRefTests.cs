using Ampx.Core.Tasks;
using FsCheck.Xunit;
using Xunit;

namespace Ampx.Tests.Tasks;

/// <summary>Every way to write a repository, and what is no repository.</summary>
public class RepoRefTests
{
    private static readonly Uri GitHub = new("https://github.com/");
    private static readonly Uri Enterprise = new("https://ghe.acme.com:8443/code");

    [Theory]
    [InlineData("acme/shop")]
    [InlineData("  acme/shop  ")]
    [InlineData("acme/shop.git")]
    [InlineData("github.com/acme/shop")]
    [InlineData("https://github.com/acme/shop")]
    [InlineData("https://github.com/acme/shop/")]
    [InlineData("https://github.com/acme/shop.git")]
    [InlineData("HTTPS://GitHub.com/acme/shop")]
    [InlineData("http://github.com/acme/shop")]
    [InlineData("https://www.github.com/acme/shop")]
    [InlineData("https://git@github.com/acme/shop.git")]
    [InlineData("ssh://git@github.com/acme/shop.git")]
    [InlineData("ssh://git@github.com:22/acme/shop.git")]
    [InlineData("ssh://git@ssh.github.com:443/acme/shop.git")]
    [InlineData("git@github.com:acme/shop.git")]
    [InlineData("git@github.com:/acme/shop")]
    [InlineData("git@GITHUB.COM:acme/shop")]
    public void Every_spelling_of_githubs_host_goes_over_https(string text)
    {
        var repo = RepoRef.Parse(text, GitHub, out var why);
        Assert.Null(why);
        Assert.Equal(new RepoRef(ForgeKind.GitHub, "https://github.com/acme/shop.git", "github.com", "acme", "shop"), repo);
        Assert.Equal("github.com/acme/shop", repo!.Key);
    }

    [Theory]
    [InlineData("acme/shop")]
    [InlineData("ghe.acme.com:8443/acme/shop")]
    [InlineData("https://ghe.acme.com:8443/code/acme/shop")]
    [InlineData("https://ghe.acme.com/code/acme/shop.git")]
    [InlineData("ssh://git@ghe.acme.com:2222/acme/shop.git")]
    [InlineData("git@ghe.acme.com:acme/shop.git")]
    public void An_enterprise_server_keeps_its_port_and_path(string text)
    {
        foreach (var web in new[] { Enterprise, new Uri("https://ghe.acme.com:8443/code/") })
            Assert.Equal(new RepoRef(ForgeKind.GitHub, "https://ghe.acme.com:8443/code/acme/shop.git", "ghe.acme.com", "acme", "shop"), RepoRef.Parse(text, web, out _));
    }

    [Fact]
    public void A_forge_on_a_loopback_port_is_that_port_alone()
    {
        var web = new Uri("http://127.0.0.1:4567/");
        Assert.Equal("http://127.0.0.1:4567/acme/shop.git", RepoRef.Parse("http://127.0.0.1:4567/acme/shop", web, out _)!.Url);
        Assert.Equal(ForgeKind.Git, RepoRef.Parse("http://127.0.0.1:9999/acme/shop", web, out _)!.Kind);
        Assert.Equal("http://[::1]:4567/acme/shop.git", RepoRef.Parse("http://[::1]:4567/acme/shop", new Uri("http://[::1]:4567/"), out _)!.Url);
    }

    [Theory]
    [InlineData("/srv/shop", "/srv/shop", "", "shop")]
    [InlineData("/srv/shop.git/", "/srv/shop.git", "", "shop")]
    [InlineData("/srv/x/../shop", "/srv/shop", "", "shop")]
    [InlineData("/srv/my shop", "/srv/my shop", "", "my shop")]
    [InlineData("file:///srv/shop", "/srv/shop", "", "shop")]
    [InlineData("file:///srv/my%20shop", "/srv/my shop", "", "my shop")]
    [InlineData("https://gitlab.com/a/b/shop.git", "https://gitlab.com/a/b/shop.git", "gitlab.com", "shop")]
    [InlineData("https://ada@bitbucket.org/acme/shop.git", "https://ada@bitbucket.org/acme/shop.git", "bitbucket.org", "shop")]
    [InlineData("ssh://git@example.org:2222/srv/shop.git", "ssh://git@example.org:2222/srv/shop.git", "example.org", "shop")]
    [InlineData("git@Example.org:srv/shop.git", "git@Example.org:srv/shop.git", "example.org", "shop")]
    [InlineData("https://github.com.evil.org/acme/shop", "https://github.com.evil.org/acme/shop", "github.com.evil.org", "shop")]
    [InlineData("https://github.com@evil.org/acme/shop", "https://github.com@evil.org/acme/shop", "evil.org", "shop")]
    public void Anything_else_that_git_can_reach_is_a_plain_remote(string text, string url, string host, string name) =>
        Assert.Equal(new RepoRef(ForgeKind.Git, url, host, "", name), RepoRef.Parse(text, GitHub, out _));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("shop")]
    [InlineData("acme/shop/issues")]
    [InlineData("https://github.com/acme")]
    [InlineData("https://github.com/acme/shop/pull/3")]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("-oProxyCommand=x")]
    [InlineData("ext::sh -c 'touch /tmp/x'")]
    [InlineData("ext::https://github.com/acme/shop")]
    [InlineData("fd::17")]
    [InlineData("../..")]
    [InlineData("./shop")]
    [InlineData("acme/..")]
    [InlineData("acme/...git")]
    [InlineData("acme/.git")]
    [InlineData("-a/shop")]
    [InlineData("acme/-x")]
    [InlineData("https://github.com/acme/../..")]
    [InlineData("https://github.com/%2e%2e/%2e%2e")]
    [InlineData("file://")]
    [InlineData("file:///")]
    [InlineData("file://host/srv/shop")]
    [InlineData("/")]
    [InlineData("git://github.com/acme/shop")]
    [InlineData("ftp://example.org/shop")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://example.org")]
    [InlineData("ssh://-oProxyCommand=x/shop")]
    [InlineData("ssh://-oProxyCommand=x@host/shop")]
    [InlineData("git@-oProxyCommand=x:shop")]
    [InlineData("git@example.org:-x")]
    [InlineData("https://example.org/a\nb")]
    [InlineData("acme/shop\0")]
    [InlineData("acme/shop\u001b[2J")]
    [InlineData("https://example.org/\u202egnp.shop")]
    public void What_is_no_repository_is_refused_with_a_reason(string text)
    {
        Assert.Null(RepoRef.Parse(text, GitHub, out var why));
        Assert.False(string.IsNullOrWhiteSpace(why));
    }

    [Theory]
    [InlineData("https://ada:hunter2@github.com/acme/shop")]
    [InlineData("https://:hunter2@example.org/shop")]
    [InlineData("https://ghp_hunter2@github.com/acme/shop")]
    [InlineData("https://github_pat_hunter2@github.com/acme/shop")]
    [InlineData("https://glpat-hunter2@gitlab.com/acme/shop")]
    [InlineData("ftp://ada:hunter2@example.org/shop")]
    [InlineData("https://ada:hunter2@exa mple.org/shop")]
    public void A_secret_in_the_url_is_refused_and_not_repeated(string text)
    {
        Assert.Null(RepoRef.Parse(text, GitHub, out var why));
        Assert.Contains("take it out", why);
        Assert.DoesNotContain("hunter2", why);
    }

    [Fact]
    public void A_repository_is_at_most_1024_characters() =>
        Assert.Null(RepoRef.Parse($"/{new string('x', 1024)}", GitHub, out _));

    [Property(MaxTest = 2000)]
    public void Any_text_is_a_repository_or_has_a_reason_why_not(string? text)
    {
        var repo = RepoRef.Parse(text ?? "", GitHub, out var why);
        Assert.Equal(repo is null, why is not null);
        if (repo is not null) Assert.True(repo.Url[0] is not '-' && repo.Name.Length > 0 && !repo.Url.Any(char.IsControl));
    }

    [Theory]
    [InlineData("Acme/Shop")]
    [InlineData("git@github.com:ACME/shop.git")]
    [InlineData("https://github.com/acme/Shop/")]
    public void One_repository_has_one_key_however_it_is_written(string text) =>
        Assert.Equal("github.com/acme/shop", RepoRef.Parse(text, GitHub, out _)!.Key);
}
