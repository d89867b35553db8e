namespace Ampx.FakeGitHub.Repositories;

/// <summary>What a push is refused for; kept as git configuration that the pre-receive hook reads.</summary>
public sealed class PushRules
{
    private readonly BareGit git;

    internal PushRules(BareGit git) => this.git = git;

    /// <summary>Branches (a shell pattern) that take no direct push: GH006.</summary>
    public Task Protect(string branchPattern) => git.Run("config", "--add", "fake.protected", branchPattern);

    /// <summary>Branches (a shell pattern) that a ruleset closes: GH013.</summary>
    public Task CloseByRuleset(string branchPattern) => git.Run("config", "--add", "fake.ruleset", branchPattern);

    /// <summary>A text that secret scanning finds in new files: GH013, push protection.</summary>
    public Task ForbidSecret(string text) => git.Run("config", "--add", "fake.secret", text);

    /// <summary>Files over this size are refused: GH001. GitHub's own limit is 100 MB.</summary>
    public Task LimitFileSize(long bytes) => git.Run("config", "fake.maxFileBytes", $"{bytes}");

    /// <summary>Takes all rules away.</summary>
    public Task Clear() => git.Try("config", "--remove-section", "fake");

    internal async Task Install()
    {
        var hook = Path.Combine(git.Folder, "hooks", "pre-receive");
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        await using var script = typeof(PushRules).Assembly.GetManifestResourceStream("pre-receive.sh")!;
        await using (var file = File.Create(hook)) await script.CopyToAsync(file);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
