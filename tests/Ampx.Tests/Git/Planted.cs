using System.Diagnostics;
using Ampx.Silo.Git;

namespace Ampx.Tests.Git;

/// <summary>Everything that git could be made to run by what lies in a repository. Each leaves a file named after itself in <see cref="Traces"/>.</summary>
internal sealed class Planted
{
    private static readonly string[] Hooks =
    [
        "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-applypatch", "post-checkout", "post-commit", "post-index-change", "post-merge", "post-receive", "post-rewrite", "post-update",
        "pre-applypatch", "pre-auto-gc", "pre-commit", "pre-merge-commit", "pre-push", "pre-rebase", "pre-receive", "prepare-commit-msg", "proc-receive", "push-to-checkout",
        "reference-transaction", "sendemail-validate", "update",
    ];

    /// <summary>Settings whose value is a command.</summary>
    private static readonly string[] Commands =
    [
        "core.fsmonitor", "core.sshCommand", "core.editor", "core.pager", "core.askPass", "core.gitProxy", "core.alternateRefsCommand", "sequence.editor", "pager.diff", "pager.log",
        "gpg.program", "gpg.ssh.program", "credential.helper", "diff.external", "diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "filter.lfs.clean", "filter.lfs.smudge", "filter.lfs.process", "remote.origin.uploadpack", "remote.origin.receivepack", "uploadpack.packObjectsHook",
        "interactive.diffFilter", "trailer.Ampx-Task.command", "trailer.Ampx-Run.cmd", "trailer.Ampx-Head.cmd", "sendemail.smtpServer", "browser.evil.cmd",
    ];

    /// <summary>Settings for which no command of their own is right.</summary>
    private static readonly (string Key, string Value)[] Others =
    [
        ("commit.gpgSign", "true"), ("push.gpgSign", "if-asked"), ("tag.gpgSign", "true"), ("log.showSignature", "true"), ("merge.verifySignatures", "true"), ("filter.evil.required", "true"),
        ("submodule.recurse", "true"), ("push.recurseSubmodules", "on-demand"), ("push.followTags", "true"), ("protocol.ext.allow", "always"), ("protocol.allow", "always"),
        ("core.symlinks", "true"), ("core.protectNTFS", "false"), ("merge.default", "evil"), ("gc.auto", "1"), ("maintenance.auto", "true"), ("core.untrackedCache", "true"),
    ];

    public Planted(string root)
    {
        Traces = Directory.CreateDirectory(Path.Combine(root, "traces")).FullName;
        Programs = Directory.CreateDirectory(Path.Combine(root, "planted")).FullName;
        foreach (var hook in Hooks) Program(hook, "hook-" + hook);
    }

    public string Traces { get; }

    /// <summary>A folder of hooks that isn't the repository's own.</summary>
    public string Programs { get; }

    /// <summary>What has run so far.</summary>
    public IEnumerable<string> HaveRun => Directory.EnumerateFiles(Traces).Select(path => Path.GetFileName(path)).Order();

    /// <summary>A command that leaves its name.</summary>
    public string Leaving(string name) => $"touch {Path.Combine(Traces, name)}; false";

    /// <summary>As an agent could, in a working tree that it may write everywhere.</summary>
    public void In(string tree)
    {
        var git = Path.Combine(tree, ".git");
        Directory.CreateDirectory(Path.Combine(git, "hooks"));
        foreach (var hook in Hooks) File.Copy(Path.Combine(Programs, hook), Path.Combine(git, "hooks", hook), overwrite: true);
        var config = Config();
        File.AppendAllText(Path.Combine(git, "config"), $"{config}[include]\n\tpath = more\n[core]\n\thooksPath = {Programs}\n[extensions]\n\tworktreeConfig = true\n");
        File.WriteAllText(Path.Combine(git, "more"), config);
        File.WriteAllText(Path.Combine(git, "config.worktree"), $"{config}[core]\n\thooksPath = {Programs}\n");
        Directory.CreateDirectory(Path.Combine(git, "info"));
        File.WriteAllText(Path.Combine(git, "info", "attributes"), "* filter=evil diff=evil merge=evil\n");
        File.WriteAllText(Path.Combine(tree, ".gitattributes"), "*.txt filter=evil diff=evil merge=evil\n*.bin filter=lfs\n");
        File.WriteAllText(
            Path.Combine(tree, ".gitmodules"), $"[submodule \"a\"]\n\tpath = a\n\turl = ext::sh -c touch% {Traces}/ext\n\tupdate = !{Leaving("update")}\n[submodule \"b\"]\n\tpath = -x\n\turl = -u./x\n");
    }

    private string Config()
    {
        var lines = Commands.Select(key => (Key: key, Value: Leaving(key))).Concat(Others).Select(setting =>
        {
            var (section, name) = (setting.Key[..setting.Key.IndexOf('.', StringComparison.Ordinal)], setting.Key[(setting.Key.LastIndexOf('.') + 1)..]);
            var middle = setting.Key.Length > section.Length + name.Length + 1 ? $" \"{setting.Key[(section.Length + 1)..^(name.Length + 1)]}\"" : "";
            return $"[{section}{middle}]\n\t{name} = \"{setting.Value}\"\n";
        });
        return string.Concat(lines) + $"[url \"ext::sh -c touch% {Traces}/insteadOf% \"]\n\tinsteadOf = /\n";
    }

    private void Program(string name, string trace)
    {
        var path = Path.Combine(Programs, name);
        File.WriteAllText(path, $"#!/bin/sh\ntouch '{Path.Combine(Traces, trace)}'\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
