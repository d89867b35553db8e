using Ampx.Core.Ci;
using Xunit;

namespace Ampx.Tests.Ci;

public class RealLogTests
{
    public static TheoryData<string> Names => [.. RealLogs.All.Select(log => log.Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task The_excerpt_of_a_real_log_tells_what_failed_and_leaves_the_rest(string name)
    {
        var (_, command, shows, hides, cause) = RealLogs.All.Single(log => log.Name == name);
        var excerpt = await RealLogs.Read(name, 12_000);

        var text = excerpt.Render(3000);

        TestContext.Current.TestOutputHelper?.WriteLine($"{excerpt.Cause}\n\n{text}");
        Assert.All(shows.Split('¦'), part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.All(hides.Split('¦', StringSplitOptions.RemoveEmptyEntries), part => Assert.DoesNotContain(part, text, StringComparison.Ordinal));
        Assert.All((string[])["2026-01-15T", "\u001b", "##[group]", "Cleaning up orphan", "Complete job name", "CI: true"], part => Assert.DoesNotContain(part, text, StringComparison.Ordinal));
        Assert.InRange(text.Length, 1, 3000);
        Assert.Equal(command, excerpt.Command);
        Assert.Contains(cause, excerpt.Cause, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_thousand_characters_still_hold_the_failure(string name)
    {
        var (_, _, shows, _, _) = RealLogs.All.Single(log => log.Name == name);
        var excerpt = await RealLogs.Read(name, 12_000);

        var text = excerpt.Render(1000);

        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Assert.InRange(text.Length, 1, 1000);
        var parts = shows.Split('¦');
        Assert.True(parts.Count(part => text.Contains(part, StringComparison.Ordinal)) >= (parts.Length + 1) / 2, text);
    }

    [Fact]
    public async Task Two_failed_jobs_of_a_matrix_share_the_budget()
    {
        var (pytest, jest) = (await RealLogs.Read("pytest", 4000), await RealLogs.Read("jest", 4000));

        var text = CiFeedback.Compose([new("ci", "test (python)", "Run pytest", null, pytest), new("ci", "test (node)", "Run jest", null, jest)], 4000);

        Assert.InRange(text.Length, 3000, 4000);
        Assert.Contains("## `ci / test (python)`\nFailed step: `Run pytest`\nIts command: `pytest -v --color=yes tests`\n```text\n", text, StringComparison.Ordinal);
        Assert.Contains("## `ci / test (node)`\nFailed step: `Run jest`\nIts command: `npm run test:jest`\n```text\n", text, StringComparison.Ordinal);
        Assert.Contains("E       assert 21 == 20", text, StringComparison.Ordinal);
        Assert.Contains("-   \"gross\": 238,", text, StringComparison.Ordinal);
        var second = text.IndexOf("## `ci / test (node)`", StringComparison.Ordinal);
        Assert.InRange(second, 1200, 2800);
    }

    [Fact]
    public void One_error_after_five_thousand_warnings_is_found()
    {
        var excerpt = new FeedbackExcerpt(12_000);
        excerpt.Push("##[group]Run dotnet build");
        excerpt.Push("##[endgroup]");
        for (var i = 0; i < 5000; i++)
        {
            excerpt.Push($"/home/runner/work/app/app/Part{(char)('a' + (i % 26))}.cs({i},19): warning CS8618: Non-nullable field must contain a non-null value; error handling may fail [/home/runner/work/app/app/App.csproj]");
            if (i == 4200) excerpt.Push("/home/runner/work/app/app/Part41.cs(7,34): error CS0103: The name 'nett' does not exist in the current context [/home/runner/work/app/app/App.csproj]");
        }

        excerpt.Push("##[error]Process completed with exit code 1.");

        Assert.Contains("error CS0103: The name 'nett' does not exist", excerpt.Render(1500), StringComparison.Ordinal);
        Assert.Contains("Part41.cs(7,34): error CS0103", excerpt.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_problem_matcher_marks_is_read_as_the_tools_own_line()
    {
        var excerpt = new FeedbackExcerpt(4000);
        foreach (var line in new[] { "##[group]Run npm run lint", "##[endgroup]", "/home/runner/work/app/app/src/calc.js", "##[error]  3:7  error  'unused' is assigned a value but never used  no-unused-vars", "##[error]Process completed with exit code 1." }) excerpt.Push(line);

        Assert.Contains("'unused' is assigned a value but never used", excerpt.Cause, StringComparison.Ordinal);
        Assert.DoesNotContain("3:7", excerpt.Cause, StringComparison.Ordinal);
    }
}
