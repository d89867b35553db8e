using System.Diagnostics;
using Ampx.Core.Tasks;
using FsCheck.Xunit;
using Xunit;

namespace Ampx.Tests.Tasks;

/// <summary>Branch names against git itself.</summary>
public class BranchNameTests
{
    [Theory]
    [InlineData("Mend the till", "amp/mend-the-till-vwxyz0")]
    [InlineData("  \n\n  Mend\nthe till", "amp/mend-vwxyz0")]
    [InlineData("one\r\ntwo", "amp/one-vwxyz0")]
    [InlineData("Füge Tests für Ärzte hinzu", "amp/fuge-tests-fur-arzte-hinzu-vwxyz0")]
    [InlineData("cafe\u0301 ouvert", "amp/cafe-ouvert-vwxyz0")]
    [InlineData("修复 登录", "amp/task-vwxyz0")]
    [InlineData("修复 login 🎉 now", "amp/login-now-vwxyz0")]
    [InlineData("🎉🎉", "amp/task-vwxyz0")]
    [InlineData("!!! ... ///", "amp/task-vwxyz0")]
    [InlineData("-x --force", "amp/x-force-vwxyz0")]
    [InlineData("a..b@{c}~1^2:3?*[\\.lock", "amp/a-b-c-1-2-3-lock-vwxyz0")]
    [InlineData("../../etc/passwd", "amp/etc-passwd-vwxyz0")]
    [InlineData("x.lock", "amp/x-lock-vwxyz0")]
    [InlineData("1234567890 1234567890 1234567890 123456 8 90", "amp/1234567890-1234567890-1234567890-123456-vwxyz0")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "amp/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-vwxyz0")]
    [InlineData("", "amp/task-vwxyz0")]
    public void The_slug_is_the_first_lines_words(string prompt, string branch)
    {
        Assert.Equal(branch, BranchName.Of(prompt, Story.Id));
        Assert.True(GitTakes(branch));
    }

    [Property(MaxTest = 100)]
    public void Git_takes_the_branch_of_any_prompt(string? prompt) =>
        Assert.True(GitTakes(BranchName.Of(prompt ?? "", Story.Id)), $"not a branch: {BranchName.Of(prompt ?? "", Story.Id)}");

    [Property(MaxTest = 2000)]
    public void A_branch_is_plain_and_short(string? prompt) =>
        Assert.Matches("^amp/[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?-vwxyz0$", BranchName.Of(prompt ?? "", Story.Id));

    [Fact]
    public void Half_a_character_does_no_harm() => Assert.Equal("amp/a-b-vwxyz0", BranchName.Of("a\ud83cb", Story.Id));

    private static bool GitTakes(string branch)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["check-ref-format", "--branch", branch]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        git.WaitForExit();
        return git.ExitCode == 0;
    }
}
