using System.Globalization;
using System.Text.Json;
using Ampx.Core.Tasks;
using Ampx.Tests.Gateway;
using Microsoft.Playwright;
using Xunit;

namespace Ampx.Tests.Board;

/// <summary>The board over planted tasks: whether everybody can use it, whether it believes anything that it shows, and how it bears much of it.</summary>
public sealed class PlantedTests(Chromium chromium, ITestOutputHelper output) : IClassFixture<Chromium>
{
    /// <summary>Begins with the page: when the first task was in sight, and what kept the page from answering.</summary>
    private const string Watch = """
        window.seen = null; window.long = [];
        new PerformanceObserver(list => { for (const entry of list.getEntries()) window.long.push(Math.round(entry.duration)); }).observe({ type: 'longtask', buffered: true });
        new MutationObserver((_, self) => { if (document.querySelector('.row .title')) { self.disconnect(); requestAnimationFrame(() => { window.seen = Math.round(performance.now()); }); } })
          .observe(document, { childList: true, subtree: true });
        """;

    [Theory]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 320)]
    public async Task Axe_finds_nothing_serious_on_any_page(ColorScheme scheme, int width)
    {
        await using var gateway = await Planted(40);
        gateway.Facts.Changes = "diff --git a/a.cs b/a.cs\n--- a/a.cs\n+++ b/a.cs\n@@ -1,2 +1,2 @@\n // One.\n-var a = \"x\";\n+var a = \"y\"; // 2\n";
        var id = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds().State!.Id;
        for (var i = 0; i < 50; i++) gateway.Logs.Prints(id, $"line {i}", i % 2 == 0 ? "agent" : "ci");
        await using var visitor = await chromium.Visitor(gateway.Address, width, scheme: scheme);
        var page = visitor.Page;

        await page.GotoAsync("/");
        await visitor.Sees(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in to Ampx" }));
        await visitor.IsAccessible("sign-in");
        await visitor.Fits();
        await page.GotoAsync(gateway.Codes.New().Path);
        await visitor.Sees(page.Locator(".row").First);
        await page.Keyboard.PressAsync("j");
        await visitor.IsAccessible("list");
        await visitor.Fits();
        await visitor.Button("Columns").ClickAsync();
        await visitor.Sees(page.Locator(".card").First);
        await visitor.IsAccessible("columns");
        await visitor.Fits();
        foreach (var (key, dialog) in new[] { ("n", "start"), ("?", "help") })
        {
            await page.Keyboard.PressAsync(key);
            if (key == "n") await page.GetByText("Options").ClickAsync();
            await visitor.Sees(page.Locator("dialog"));
            await visitor.IsAccessible(dialog);
            await page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(page.Locator("dialog")).ToHaveCountAsync(0);
        }

        await page.GotoAsync($"/t/{id}");
        await visitor.Sees(page.Locator(".log-rows"), "line 49");
        await visitor.IsAccessible("log");
        await visitor.Fits();
        foreach (var (tab, sign) in new[] { ("Attempts", ".attempt"), ("Diff", ".file .hljs-comment"), ("History", ".history li") })
        {
            await visitor.Tab(tab).ClickAsync();
            await visitor.Sees(page.Locator(sign).First);
            await visitor.IsAccessible(tab);
            await visitor.Fits();
        }

        await page.Keyboard.PressAsync("m");
        await visitor.Sees(page.Locator("dialog"));
        await visitor.IsAccessible("merge");
        await page.GotoAsync("/statistics");
        await visitor.Sees(page.Locator(".plot svg").First);
        await visitor.IsAccessible("statistics");
        await visitor.Fits();
        visitor.HasNoTrouble();
    }

    [Fact]
    public async Task What_others_wrote_is_shown_as_text()
    {
        const string evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
        await using var gateway = await Planted(0);
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString(), repo: $"acme/{evil}");
        task.State = task.State! with { Prompt = $"{evil} do it", Branch = $"amp/{evil}", Summary = evil, CiUrl = "javascript:alert(3)", CompareUrl = "javascript:alert(4)", PendingInstructions = [evil], Error = new("internal", evil) };
        gateway.Logs.Prints(task.State.Id, evil);
        gateway.Facts.Changes = $"diff --git a/{evil}.html b/{evil}.html\n--- a/{evil}.html\n+++ b/{evil}.html\n@@ -0,0 +1 @@\n+{evil}\n";
        await using var visitor = await chromium.Visitor(gateway.Address);
        var page = visitor.Page;

        await page.GotoAsync(gateway.Codes.New().Path);
        await visitor.Sees(page.Locator(".row"), $"{evil} do it");
        await page.Locator(".row").ClickAsync();
        await visitor.Sees(page.Locator("h1"), $"{evil} do it");
        await visitor.Sees(page.Locator(".log-rows"), evil);
        await visitor.Sees(page.Locator(".head .facts"), $"amp/{evil}");
        await visitor.Tab("Diff").ClickAsync();
        await visitor.Sees(page.Locator(".file"), evil);
        Assert.Equal(0, await page.Locator("img, main script, a[href^='javascript']").CountAsync());
        visitor.HasNoTrouble();
    }

    [Fact]
    public async Task Who_is_signed_out_meanwhile_signs_in_by_token_and_is_back()
    {
        await using var gateway = await Planted(3);
        await using var visitor = await chromium.Visitor(gateway.Address);
        var page = visitor.Page;
        await page.GotoAsync("/?status=success&view=columns");
        await page.GetByLabel("Token").FillAsync("nonsense");
        await visitor.Button("Sign in").ClickAsync();
        await visitor.Sees(page.Locator("#token-wrong"), "The token is not this service's");
        await page.GetByLabel("Token").FillAsync(gateway.Token);
        await visitor.Button("Sign in").ClickAsync();
        await visitor.Sees(page.Locator(".columns"));
        Assert.EndsWith("/?status=success&view=columns", page.Url, StringComparison.Ordinal);

        await page.Context.ClearCookiesAsync();
        await page.GotoAsync("/?to=//evil.example/");
        await page.GetByLabel("Token").FillAsync(gateway.Token);
        await visitor.Button("Sign in").ClickAsync();
        await visitor.Sees(page.Locator(".row").First);
        await page.Context.ClearCookiesAsync();
        await page.GotoAsync("/?to=/dashboard");
        await page.GetByLabel("Token").FillAsync(gateway.Token);
        await visitor.Button("Sign in").ClickAsync();
        await page.WaitForURLAsync("**/dashboard");
        visitor.HasNoTrouble();
    }

    [Fact]
    public async Task A_lost_connection_is_told_quietly_and_comes_back_with_what_happened_meanwhile()
    {
        await using var gateway = await Planted(1);
        await using var visitor = await chromium.Visitor(gateway.Address);
        var page = visitor.Page;
        await page.GotoAsync(gateway.Codes.New().Path);
        await visitor.Sees(page.Locator(".count"), "1 task");
        await page.Context.SetOfflineAsync(true);
        await page.Locator("select").First.SelectOptionAsync("me");
        await visitor.Sees(page.GetByText("Reconnecting…"));
        gateway.Tasks.Has(Ulid.NewUlid().ToString(), Environment.UserName);
        await page.Context.SetOfflineAsync(false);
        await visitor.Sees(page.Locator(".count"), "1 task");
        await visitor.Sees(page.Locator(".row"), "acme/shop");
        await Assertions.Expect(page.GetByText("Reconnecting…")).ToBeHiddenAsync();
        visitor.HasNoTrouble();
    }

    [Fact]
    public async Task Filters_and_search_are_kept_in_the_address()
    {
        await using var gateway = await Planted(60);
        gateway.Tasks.Has(Ulid.NewUlid().ToString(), "grace", "acme/needle").Succeeds();
        await using var visitor = await chromium.Visitor(gateway.Address);
        var page = visitor.Page;
        await page.GotoAsync(gateway.Codes.New().Path);
        await visitor.Sees(page.Locator(".count"), "61 tasks");
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("needle");
        await visitor.Sees(page.Locator(".count"), "1 of 61 tasks");
        await page.GotoAsync(page.Url);
        await visitor.Sees(page.Locator(".count"), "1 of 61 tasks");
        await page.GotoAsync("/?owner=grace&status=success");
        await visitor.Sees(page.Locator(".row"), "acme/needle");
        await page.GotoAsync("/?owner=grace&status=error");
        await visitor.Sees(page.GetByText("No task is like this."));
        visitor.HasNoTrouble();
    }

    [Fact]
    public async Task Two_thousand_tasks_and_a_hundred_thousand_lines_stay_smooth()
    {
        await using var gateway = await Planted(1999);
        var ids = (await gateway.Get("/api/v1/tasks?owner=all&limit=200")).Json.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("id").GetString()!).ToList();
        var id = gateway.Tasks.Has(Ulid.NewUlid().ToString()).State!.Id;
        for (var i = 0; i < 100_000; i++) gateway.Logs.Prints(id, $"{i:D6} compiling module number {i} of the repository, which has many of them, with all warnings on");
        await using var visitor = await chromium.Visitor(gateway.Address);
        var page = visitor.Page;
        await page.AddInitScriptAsync(Watch);
        await page.GotoAsync(gateway.Codes.New().Path);
        await visitor.Sees(page.Locator(".count"), "2,000 tasks");
        var first = await page.EvaluateAsync<int>("() => window.seen");
        await page.ReloadAsync();
        await visitor.Sees(page.Locator(".count"), "2,000 tasks");
        var again = await page.EvaluateAsync<int>("() => window.seen");

        // Scrolled through while tasks change.
        await page.Mouse.MoveAsync(600, 500);
        for (var i = 0; i < 30; i++)
        {
            await page.Mouse.WheelAsync(0, 4000);
            foreach (var moved in ids.Skip(i).Take(20)) gateway.Tasks[moved].State = gateway.Tasks[moved].State! with { Version = gateway.Tasks[moved].State!.Version + 1, Summary = $"moved {i}" };
            gateway.Time.Advance(TimeSpan.FromMilliseconds(250));
        }

        var list = await LongTasks(page);
        await page.GotoAsync($"/t/{id}");
        await visitor.Sees(page.Locator(".log-rows"), "099999 compiling");
        var log = await page.EvaluateAsync<int>("() => Math.round(performance.now())");
        await visitor.Sees(page.Locator(".log-count"), "100,000 lines");
        for (var burst = 0; burst < 40; burst++)
        {
            for (var line = 0; line < 250; line++) gateway.Logs.Prints(id, $"live {burst} {line} and what else there is to say about it");
            gateway.Time.Advance(TimeSpan.FromMilliseconds(250));
            await page.EvaluateAsync("() => new Promise(requestAnimationFrame)");
        }

        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await visitor.Sees(page.Locator(".log-rows"), "live 39 249");
        await visitor.Sees(page.Locator(".log-count"), "110,000 lines");
        var following = await LongTasks(page);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"first view of 2,000 tasks {first} ms, again {again} ms; scrolling, long tasks [{string.Join(' ', list)}] ms; end of 100,000 lines in sight {log} ms; loading them and following 10,000 more, long tasks [{string.Join(' ', following)}] ms"));
        Assert.InRange(first, 1, 3000);
        Assert.InRange(list.Concat(following).DefaultIfEmpty().Max(), 0, 300);
        visitor.HasNoTrouble();
    }

    private static async Task<int[]> LongTasks(IPage page) => (await page.EvaluateAsync<JsonElement>("() => window.long")).Deserialize<int[]>()!;

    private static async Task<GatewayHost> Planted(int tasks)
    {
        var gateway = new GatewayHost();
        await gateway.InitializeAsync();
        string[] owners = ["ada", "grace", "linus"], repos = ["acme/shop", "acme/site", "acme/tools", "acme/api"];
        for (var i = 0; i < tasks; i++)
        {
            var task = gateway.Tasks.Has(Ulid.NewUlid().ToString(), owners[i % 3], repos[i % 4]);
            _ = (i % 6) switch
            {
                0 => task.Succeeds(),
                1 => task.Hears(new Claimed(new("run-1", "worker-1", RunKind.Agent))),
                2 => task.Hears(new AbortRequested { By = "ada" }),
                _ => task,
            };
        }

        return gateway;
    }
}
