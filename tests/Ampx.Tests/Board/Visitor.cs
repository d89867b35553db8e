using System.Collections.Concurrent;
using Ampx.Tests.Tasks;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using Xunit;

namespace Ampx.Tests.Board;

/// <summary>Somebody who looks at the board, and at what it does behind its back: errors, breaches of the Content-Security-Policy, requests to elsewhere.</summary>
internal sealed class Visitor : IAsyncDisposable
{
    private static readonly bool Writes = Environment.GetEnvironmentVariable("AMPX_SCREENSHOTS") == "write";

    private readonly IBrowserContext context;
    private readonly ConcurrentQueue<string> trouble = new();

    public Visitor(IBrowserContext context, IPage page, Uri service)
    {
        (this.context, Page) = (context, page);
        var origin = service.GetLeftPart(UriPartial.Authority);
        // A refused call is told on the console too: those are the tests' own.
        page.Console += (_, said) =>
        {
            if (said.Type is "error" && !said.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) trouble.Enqueue($"console: {said.Text}");
        };
        page.PageError += (_, error) => trouble.Enqueue($"error: {error}");
        page.Dialog += (_, dialog) => trouble.Enqueue($"dialog: {dialog.Message}");
        context.Request += (_, request) =>
        {
            if (!request.Url.StartsWith($"{origin}/", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) trouble.Enqueue($"request to {request.Url}");
        };
    }

    public IPage Page { get; }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Tab(string name) => Page.GetByRole(AriaRole.Tab, new() { Name = name });

    /// <summary>What the open dialog's button is called.</summary>
    public ILocator Confirm(string name) => Page.Locator("dialog").GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public ILocator Status => Page.Locator(".head .standing");

    public Task Sees(ILocator what, string text, float seconds = 30) => Assertions.Expect(what).ToContainTextAsync(text, new() { Timeout = seconds * 1000 });

    public Task Sees(ILocator what) => Assertions.Expect(what).ToBeVisibleAsync();

    /// <summary>Asserts that axe finds nothing serious on the page as it is.</summary>
    public async Task IsAccessible(string what)
    {
        // Each load of the page forgets it.
        if (!await Page.EvaluateAsync<bool>("() => 'axe' in window")) await Page.EvaluateAsync(new BundledAxeScriptProvider().GetScript());
        var serious = await Page.EvaluateAsync<string[]>("""
            async () => {
              const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
              const { violations } = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false });
              return violations.filter(found => found.impact === 'serious' || found.impact === 'critical')
                .map(found => `${found.id}: ${found.help}: ${found.nodes.slice(0, 3).map(node => `${node.html} ${node.any.map(check => check.message)}`).join(' | ')}`);
            }
            """);
        Assert.True(serious.Length == 0, $"{what}:\n{string.Join('\n', serious)}");
    }

    /// <summary>Nothing is wider than the screen.</summary>
    public async Task Fits() =>
        Assert.True(await Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"), "the page scrolls sideways");

    /// <summary>A picture for the docs, where they are being made.</summary>
    public async Task Picture(string name)
    {
        if (!Writes) return;
        await Page.ScreenshotAsync(new() { Path = Checkout.File($"docs/images/{name}.png") });
    }

    /// <summary>Asserts that nothing went wrong so far, and nothing went elsewhere.</summary>
    public void HasNoTrouble() => Assert.Empty(trouble);

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
