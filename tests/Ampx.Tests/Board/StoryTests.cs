using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub.Description;
using Microsoft.Playwright;
using Xunit;

namespace Ampx.Tests.Board;

/// <summary>All that a person does at the board, at a desk and on a phone: a real service, the fake GitHub, Amp's stand-in, a real browser.</summary>
public sealed class StoryTests(Chromium chromium) : IClassFixture<Chromium>
{
    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Test
                run: |
                  test "$(cat answer)" = 42 || { echo "FAIL: expected 42 but was $(cat answer)"; exit 1; }
        """;

    private const string Prompt = """
        Write the answer, and the code that finds it

        fake[1]: say Reading the repository
        fake[1]: write answer 41
        fake[1]: sleep 1
        fake[2]: say The test wants 42
        fake[2]: write answer 42
        fake[2]: write src/answer.ts export const answer = (words: string): number => words.split(' ').length * 7; // 42
        fake[2]: sleep 1
        """;

    [Theory]
    [InlineData("desk", 1280, 860)]
    [InlineData("phone", 390, 844)]
    public async Task A_task_is_started_followed_continued_aborted_and_merged(string where, int width, int height)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        await using var visitor = await chromium.Visitor(new Uri(ServiceFile.Read(stage.Data)!.Url), width, height);
        var page = visitor.Page;

        // Without a cookie there is nothing but the way in; a link of the command line's is one.
        await page.GotoAsync("/statistics");
        await visitor.Sees(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in to Ampx" }));
        var link = (await stage.Ampx("board")).Out.Split().Single(word => word.StartsWith("http", StringComparison.Ordinal));
        await page.GotoAsync(link);
        await visitor.Sees(page.GetByText("There are no tasks yet"));

        // A mistake is told at its field, and nothing is lost.
        await page.Keyboard.PressAsync("n");
        await page.GetByLabel("Task", new() { Exact = true }).FillAsync(Prompt);
        await visitor.Confirm("Start").ClickAsync();
        await visitor.Sees(page.Locator("#repo-wrong"), "must be given");
        await page.GetByLabel("Repository", new() { Exact = true }).FillAsync("acme/answer");
        await visitor.Confirm("Start").ClickAsync();

        // Red, then green, without a reload.
        await visitor.Sees(page.Locator("h1"), "Write the answer, and the code that finds it");
        await visitor.Sees(visitor.Status, "Agent");
        await Assertions.Expect(visitor.Button("Merge")).ToHaveAttributeAsync("aria-disabled", "true");
        await Assertions.Expect(visitor.Button("Merge")).ToHaveAttributeAsync("title", "It is running: only a commit that CI found green is merged");
        await visitor.Sees(page.Locator(".log-rows"), "Reading the repository");
        await visitor.Sees(visitor.Status, "retrying");
        await visitor.Sees(page.Locator(".log-rows"), "The test wants 42");
        await visitor.Sees(visitor.Status, "success");
        await visitor.Sees(page.Locator(".bars li").Nth(1), "Attempt 2");
        await visitor.Sees(page.Locator(".log-count"), "ended: success");
        await visitor.Fits();
        await visitor.Picture($"board-{where}-task");

        // What the agent was told, to the letter, and what it made.
        await visitor.Tab("Attempts").ClickAsync();
        await visitor.Sees(page.Locator(".attempt").First.Locator(".feedback"), "FAIL: expected 42 but was 41");
        await visitor.Sees(page.Locator(".attempt").Nth(1), "failed at Test");
        await visitor.IsAccessible("attempts");
        await visitor.Picture($"board-{where}-attempts");
        await visitor.Tab("Diff").ClickAsync();
        await visitor.Sees(page.Locator(".file").Filter(new() { HasText = "src/answer.ts" }).Locator(".hljs-keyword").First, "export");
        await visitor.IsAccessible("diff");
        await visitor.Fits();
        await visitor.Picture($"board-{where}-diff");
        await visitor.Tab("History").ClickAsync();
        await visitor.Sees(page.Locator(".history li").Last, "Created");
        await visitor.IsAccessible("history");

        await page.Keyboard.PressAsync("c");
        await page.GetByLabel("What next").FillAsync("Say why, too\n\nfake: write why Because.\nfake: sleep 2");
        await visitor.Confirm("Continue").ClickAsync();
        await visitor.Sees(page.Locator("h1"), "Say why, too");
        await visitor.Tab("Log").ClickAsync();
        await visitor.Sees(page.Locator(".log-count"), "live");
        await visitor.Sees(visitor.Status, "success");
        await visitor.Sees(page.Locator(".bars li").Nth(2), "Attempt 1");

        // Another one, which goes nowhere.
        await visitor.Button("New task").ClickAsync();
        await Assertions.Expect(page.GetByLabel("Repository", new() { Exact = true })).ToHaveValueAsync("acme/answer");
        await page.GetByLabel("Task", new() { Exact = true }).FillAsync("Think about it\n\nfake: sleep 300");
        await visitor.Confirm("Start").ClickAsync();
        await visitor.Sees(visitor.Status, "Agent");
        await visitor.Button("Abort").ClickAsync();
        await visitor.Confirm("Abort").ClickAsync();
        await visitor.Sees(visitor.Status, "aborted");

        await page.GetByRole(AriaRole.Link, new() { Name = "Tasks", Exact = true }).First.ClickAsync();
        await Assertions.Expect(page.Locator(".row")).ToHaveCountAsync(2);
        await visitor.Fits();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("Enter");
        await visitor.Sees(page.Locator("h1"), "Say why, too");
        await page.Keyboard.PressAsync("m");
        await visitor.Confirm("Merge").ClickAsync();
        await visitor.Sees(page.Locator(".head .facts"), "merged");
        await Assertions.Expect(visitor.Button("Merge")).ToHaveAttributeAsync("title", "It is merged already");

        var merged = await stage.Show(page.Url.Split('/')[^1]);
        Assert.Equal((Status.Success, PullRequestState.Merged), (merged.Status, merged.PullRequest?.State));
        visitor.HasNoTrouble();
    }
}
