using Ampx.Gateway.Board;
using Ampx.Tests.Gateway;
using Xunit;

namespace Ampx.Tests.Board;

/// <summary>The board's page and assets, as they come over HTTP.</summary>
public sealed class BoardPageTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    [Theory]
    [InlineData("/")]
    [InlineData("/statistics")]
    [InlineData("/t/01AAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task The_page_is_open_says_nothing_and_lets_nothing_in(string path)
    {
        var page = await Stranger(path);
        Assert.Equal((200, "text/html", "no-cache", BoardPages.OnlyOurs), (page.Status, page.Type, page.Headers["Cache-Control"], page.Headers["Content-Security-Policy"]));
        Assert.DoesNotContain("<style", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", page.Body, StringComparison.Ordinal);
        Assert.Equal(304, (await Stranger(path, ("If-None-Match", page.Headers["ETag"]))).Status);
    }

    [Fact]
    public async Task Its_assets_may_be_kept_for_ever_and_are_small()
    {
        var page = await Stranger("/");
        var assets = System.Text.RegularExpressions.Regex.Matches(page.Body, "/assets/[^\"]+").Select(match => match.Value).ToList();
        Assert.Equal([".css", ".js"], assets.Select(Path.GetExtension).Order());
        foreach (var path in assets)
        {
            var (plain, small) = (await Stranger(path), await Stranger(path, ("Accept-Encoding", "gzip, br")));
            Assert.Equal((200, "public, max-age=31536000, immutable"), (plain.Status, plain.Headers["Cache-Control"]));
            Assert.Equal(("br", "Accept-Encoding"), (small.Headers["Content-Encoding"], small.Headers["Vary"]));
            Assert.InRange(int.Parse(small.Headers["Content-Length"], null), 1000, 60_000);
        }

        (await Stranger("/assets/nothing.js")).Problem(404, "not_found");
        (await Stranger("/assets/index.html")).Problem(404, "not_found");
    }

    private Task<Answer> Stranger(string path, params (string, string)[] headers) => GatewayHost.Send(gateway.Stranger, HttpMethod.Get, path, null, headers);
}
