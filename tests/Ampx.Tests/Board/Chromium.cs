using Microsoft.Playwright;
using Xunit;

namespace Ampx.Tests.Board;

/// <summary>The system's own Chromium, headless; one for all tests of a class.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome"];

    private IPlaywright playwright = null!;
    private IBrowser browser = null!;

    public async ValueTask InitializeAsync()
    {
        var program = Environment.GetEnvironmentVariable("AMPX_TEST_CHROMIUM") ?? Places.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("there is no Chromium on this machine: scripts/setup.sh --tests brings it");
        playwright = await Playwright.CreateAsync();
        // It runs nobody's pages but our own; as root, as CI often is, its sandbox doesn't work.
        browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    /// <summary>A person at the board: a browser without anybody's cookies.</summary>
    internal async Task<Visitor> Visitor(Uri service, int width = 1280, int height = 860, ColorScheme scheme = ColorScheme.Light)
    {
        var context = await browser.NewContextAsync(new() { BaseURL = service.ToString(), ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        context.SetDefaultTimeout(30_000);
        return new Visitor(context, await context.NewPageAsync(), service);
    }
}
