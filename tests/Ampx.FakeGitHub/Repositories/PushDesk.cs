using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>One changed ref. <paramref name="Old"/> or <paramref name="New"/> is all zeros for a new or deleted one.</summary>
public sealed record Push(string Repository, string Ref, string Old, string New, string Login, DateTimeOffset At);

/// <summary>Sees refs change, by push or merge, and draws the consequences: pull requests move, workflows start, hooks are told.</summary>
public sealed partial class PushDesk
{
    private readonly Site site;
    private ImmutableList<Push> log = [];

    internal PushDesk(Site site) => this.site = site;

    /// <summary>Every changed ref, oldest first.</summary>
    public ImmutableList<Push> Log => log;

    /// <summary>Lets <paramref name="change"/> change refs and follows up before it returns, so that a push that has returned has its runs.</summary>
    internal async Task Receive(Repository repository, string login, Func<Task> change)
    {
        await repository.Changing.WaitAsync();
        List<Push> pushes;
        try
        {
            var before = await repository.Git.Refs();
            await change();
            var after = await repository.Git.Refs();
            pushes = [.. before.Keys.Union(after.Keys).Where(name => !name.StartsWith("refs/pull/", StringComparison.Ordinal))
                .Select(name => new Push(repository.FullName, name, before.GetValueOrDefault(name, BareGit.Zero),
                    after.GetValueOrDefault(name, BareGit.Zero), login, site.Now))
                .Where(push => push.Old != push.New)];
        }
        finally
        {
            repository.Changing.Release();
        }

        foreach (var push in pushes) await Follow(repository, push);
    }

    /// <summary>The commit asks for no CI, as GitHub reads it.</summary>
    [GeneratedRegex(@"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]")]
    internal static partial Regex SkipsCi();

    private async Task Follow(Repository repository, Push push)
    {
        ImmutableInterlocked.Update(ref log, list => list.Add(push));
        repository.PushedAt = push.At;
        // "Push events" are for branches and tags; other refs move unheard.
        if (!push.Ref.StartsWith("refs/heads/", StringComparison.Ordinal) && !push.Ref.StartsWith("refs/tags/", StringComparison.Ordinal)) return;
        await site.Webhooks.Pushed(repository, push);
        if (!push.Ref.StartsWith("refs/heads/", StringComparison.Ordinal)) return;

        var branch = push.Ref["refs/heads/".Length..];
        if (push.New == BareGit.Zero)
        {
            foreach (var pull in OpenFrom(repository, branch)) Pulls.Close(site, repository, pull);
            return;
        }

        await site.Actions.Happened(repository, new("push", null, push.New, push.Ref, branch, null, push.Login));
        foreach (var pull in OpenFrom(repository, branch))
        {
            await Pulls.MoveHead(repository, pull, push.New, site.Now);
            await Pulls.Tell(site, repository, pull, "synchronize", push.Login);
            site.Actions.InBackground(() => AutoMerging.Try(site, repository, pull)); // a merge may be what is being followed: it holds the lock
        }

        foreach (var pull in repository.Pulls.Where(p => p.State == "open" && p.Base == branch).ToList())
        {
            if (await repository.Git.IsAncestor(pull.HeadSha, push.New)) Pulls.MarkMerged(site, repository, pull, pull.HeadSha, push.Login);
        }
    }

    private static List<PullRequest> OpenFrom(Repository repository, string branch) =>
        [.. repository.Pulls.Where(pull => pull.State == "open" && pull.Head == branch)];
}
