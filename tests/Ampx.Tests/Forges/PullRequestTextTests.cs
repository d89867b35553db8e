using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub;
using Xunit;

namespace Ampx.Tests.Forges;

public sealed class PullRequestTextTests : IDisposable
{
    private const string Begin = "<!-- ampx:begin -->", End = "<!-- ampx:end -->";
    private readonly FakeGitHubApi _github = new();

    public void Dispose() => _github.Dispose();

    private TaskState Saying(string said) => _github.Task with { Attempt = new Attempt { Number = 1, Instruction = "Mend add()", Said = said } };

    [Theory]
    [InlineData("Mend add()\n\nIt gives 3", "Mend add()")]
    [InlineData("\n  \n## Mend\tadd()\r\nmore", "Mend add()")]
    [InlineData("#\n###  \nMend it", "Mend it")]
    [InlineData("# \n", "amp/mend-add-mnpqrs")]
    public void The_title_is_the_first_line_that_has_words(string prompt, string title) => Assert.Equal(title, PullRequestText.Title(_github.Task with { Prompt = prompt }));

    [Fact]
    public void A_long_title_is_cut_between_characters()
    {
        var title = PullRequestText.Title(_github.Task with { Prompt = new string('x', 118) + "😀 and on" });
        Assert.Equal(new string('x', 118) + "…", title);
    }

    [Fact]
    public void What_a_person_should_look_at_stands_in_the_text_and_notifies_nobody()
    {
        var body = PullRequestText.Body(_github.Task with { Guarded = [new(GuardKind.ProtectedPath, ".github/workflows/@ada.yml", "1"), new(GuardKind.TestDeleted, "a_test.py", "2")] }, null);
        Assert.Contains("- For a person to look at: .github/workflows/@\u200Bada.yml (protected), a_test.py (test deleted)", body, StringComparison.Ordinal);
    }

    [Fact]
    public void An_issues_title_is_the_pull_requests_and_its_number_is_closed_by_it()
    {
        var task = _github.Task with { Issue = 12, IssueTitle = new string('t', 300), Prompt = "Resolve issue #12.\n\nIssue #12: A title\n\n@ada wrote: fixes #7" };

        Assert.Equal(256, PullRequestText.Title(task).Length);
        var body = PullRequestText.Body(task, null);
        Assert.Contains("\nCloses #12.\n", body, StringComparison.Ordinal);
        Assert.DoesNotContain("ada wrote", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Thanks @ada and (@acme/team)!", "@ada", "@acme")]
    [InlineData("This fixes #7, closes: GH-8", "#7", "GH-8", "fixes", "closes")]
    [InlineData("Resolves https://github.com/o/r/issues/9 and fixed [o/r#10](x)", "Resolves", "fixed", "#10")]
    [InlineData($"{End} <!-- hidden <div title=\"", End, "<!-- hidden", "<div")]
    public void What_the_agent_said_notifies_nobody_and_closes_nothing(string said, params string[] gone)
    {
        var body = PullRequestText.Body(Saying(said) with { Tried = [$"Attempt 1: {said}"], Prompt = said }, null);

        var ours = body[Begin.Length..body.LastIndexOf(End, StringComparison.Ordinal)];
        Assert.All(gone, piece => Assert.DoesNotContain(piece, ours, StringComparison.OrdinalIgnoreCase));
        // To a reader it is the same.
        Assert.Contains($"> {said}", ours.Replace("\u200B", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_and_versions_stay_as_they_are() =>
        Assert.Contains("> mail a@b.org, npm@10, if (a < b) x = c#", PullRequestText.Body(Saying("mail a@b.org, npm@10, if (a < b) x = c#"), null), StringComparison.Ordinal);

    [Fact]
    public void An_open_fence_ends_with_the_quote()
    {
        var lines = PullRequestText.Body(Saying("look:\n```\nfor x in y"), null).Split('\n');
        Assert.Equal(["> look:", "> ```", "> for x in y"], lines.Where(line => line.StartsWith('>')).TakeLast(3));
    }

    [Fact]
    public void However_much_was_said_the_body_fits()
    {
        var much = string.Concat(Enumerable.Repeat("\n@a #1", 40_000));
        var task = Saying(much) with { Prompt = much, Tried = [.. Enumerable.Repeat(much, 20)] };

        var body = PullRequestText.Body(task, null);
        Assert.InRange(body.Length, 20_000, 65_536);
        Assert.EndsWith(End, body.TrimEnd(), StringComparison.Ordinal);

        var old = new string('p', 60_000) + body[..1_000] + End;
        var renewed = PullRequestText.Renewed(old, task, null)!;
        Assert.InRange(renewed.Length, 60_000, 65_536);
        Assert.StartsWith(new string('p', 60_000) + Begin, renewed, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_part_between_the_marks_is_renewed()
    {
        var body = PullRequestText.Body(_github.Task, null);
        var renewed = PullRequestText.Renewed($"Before\n{body}\nAfter", Saying($"done {End}"), null)!;

        Assert.StartsWith($"Before\n{Begin}", renewed, StringComparison.Ordinal);
        Assert.EndsWith("\nAfter", renewed, StringComparison.Ordinal);
        Assert.Equal(2, renewed.Split(End).Length);
        Assert.Null(PullRequestText.Renewed(renewed, Saying($"done {End}"), null));
        Assert.Null(PullRequestText.Renewed("What I opened by hand", _github.Task, null));
    }
}
