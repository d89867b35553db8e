using System.Diagnostics;
using Ampx.Silo.Git;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Ampx.Tests.Git;

/// <summary>A remote with one commit, a data folder, and everything over them; real git.</summary>
public sealed class GitWorld : IDisposable
{
    public const string Task = "01TASKAAAAAAAAAAAAAAAAAAAA", Other = "01TASKBBBBBBBBBBBBBBBBBBBB", Branch = "amp/fix-it-aaaaaa", OtherBranch = "amp/other-bbbbbb";

    public GitWorld()
    {
        Directory.CreateDirectory(Person);
        InitAt(Person);
        Write("README.md", "hello\n");
        Write(".gitignore", "cache/\n*.log\n");
        First = Save("first");
        Git(Root, "clone", "-q", "--bare", Person, Origin);
        Git(Person, "remote", "add", "origin", Origin);
        Restart();
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("ampx-git-").FullName;

    /// <summary>A person's checkout.</summary>
    public string Person => Path.Combine(Root, "person");

    /// <summary>The remote, bare.</summary>
    public string Origin => Path.Combine(Root, "origin.git");

    public string Data => Path.Combine(Root, "data");

    public GitRemote Remote => new(Origin);

    public string First { get; }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(56));

    public GitOptions Limits { get; } = new();

    internal GitRunner Runner { get; private set; } = null!;

    public Mirrors Mirrors { get; private set; } = null!;

    public Workspaces Workspaces { get; private set; } = null!;

    public Commits Commits { get; private set; } = null!;

    public Pushes Pushes { get; private set; } = null!;

    public CheckpointRefs CheckpointRefs { get; private set; } = null!;

    public Changes Changes { get; private set; } = null!;

    public LocalMerge LocalMerge { get; private set; } = null!;

    /// <summary>The service's memory is gone, its disk stays.</summary>
    public void Restart()
    {
        var folders = new GitFolders(Data);
        Runner = new GitRunner(folders, Options.Create(Limits), TimeProvider.System, NullLogger<GitRunner>.Instance);
        Mirrors = new Mirrors(Runner, folders, Time, NullLogger<Mirrors>.Instance);
        Workspaces = new Workspaces(Mirrors, new Snapshots(Runner, Time), Runner, folders, Time, NullLogger<Workspaces>.Instance);
        Commits = new Commits(Runner, Time);
        Pushes = new Pushes(Mirrors, Runner, Time);
        CheckpointRefs = new CheckpointRefs(Mirrors, Pushes, Runner);
        Changes = new Changes(Mirrors, Runner);
        LocalMerge = new LocalMerge(Mirrors, Pushes, Runner, folders, Time);
    }

    public WorkspaceRequest Request(string task = Task, string branch = Branch, string owner = "ada") => new(task, owner, "origin", Remote, branch, null);

    public Task<Workspace> Take(string task = Task, string branch = Branch) => Workspaces.Take(Request(task, branch));

    public Task<CommitResult> Commit(Workspace workspace, string run = "run1", string subject = "Fix it", string task = Task) =>
        Commits.Commit(workspace, new CommitOrder(subject, task, run, "ampx", "ampx@localhost"));

    /// <summary>Takes a tree, writes a file, commits.</summary>
    public async Task<(Workspace Workspace, string Sha)> Work(string file = "work.txt", string text = "done\n", string task = Task, string branch = Branch, string run = "run1")
    {
        var workspace = await Take(task, branch);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, file), text);
        return (workspace, (await Commit(workspace, run, task: task)).Sha!);
    }

    /// <summary>A snapshot of the task's tree.</summary>
    public async Task<Snapshot?> Snapshot(string task = Task) =>
        (await Workspaces.Snapshot(new CommitOrder("Work in progress", task, "run1", "ampx", "ampx@localhost"))).Now;

    /// <summary>What is at the task's own ref at the remote.</summary>
    public string? AtRemote(string task = Task) => TryGit(Origin, "rev-parse", "--verify", "-q", "refs/ampx/" + task) is (0, var sha) ? sha : null;

    /// <summary>Nothing of the service's disk is left.</summary>
    public void LoseMachine()
    {
        DiskFolder.Delete(Data);
        Restart();
    }

    /// <summary>A hook of the remote's that sees each push first.</summary>
    public async Task Hook(string script)
    {
        var hook = Path.Combine(Origin, "hooks", "pre-receive");
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>Writes a file in a tree.</summary>
    public void Put(Workspace workspace, string name, string text)
    {
        var path = Path.Combine(workspace.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void InitAt(string folder)
    {
        Git(folder, "init", "-q", "-b", "main");
        Git(folder, "config", "user.name", "Ada");
        Git(folder, "config", "user.email", "ada@example.com");
    }

    public void Write(string name, string text)
    {
        var path = Path.Combine(Person, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <summary>The person commits everything.</summary>
    public string Save(string message)
    {
        Git(Person, "add", "-A");
        Git(Person, "commit", "-q", "--allow-empty", "-m", message);
        return Git(Person, "rev-parse", "HEAD");
    }

    /// <summary>The person commits and pushes to a branch.</summary>
    public string SaveAndPush(string message, string branch = "main")
    {
        var sha = Save(message);
        Git(Person, "push", "-q", "-f", "origin", "HEAD:refs/heads/" + branch);
        return sha;
    }

    public string? Tip(string branch, string? repository = null) => TryGit(repository ?? Origin, "rev-parse", "--verify", "-q", "refs/heads/" + branch) is (0, var sha) ? sha : null;

    public string Git(string folder, params string[] arguments) =>
        TryGit(folder, arguments) is (0, var output) ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)} failed in {folder}");

    public static (int ExitCode, string Output) TryGit(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using var git = Process.Start(start)!;
        var errors = git.StandardError.ReadToEndAsync();
        var output = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        errors.GetAwaiter().GetResult();
        return (git.ExitCode, output);
    }

    public void Dispose() => DiskFolder.Delete(Root);
}
