using System.Text.RegularExpressions;

namespace Ampx.Silo.Git;

/// <summary>How a push went.</summary>
public abstract record PushOutcome
{
    private PushOutcome()
    {
    }

    public sealed record Pushed : PushOutcome;

    /// <summary>The branch is at this commit: an earlier push went through and its answer was lost.</summary>
    public sealed record AlreadyThere : PushOutcome;

    /// <summary>The branch has another commit of this same task: our own earlier run, to be adopted.</summary>
    public sealed record AdoptOwn(string Sha) : PushOutcome;

    /// <summary>The branch has a person's work; null = the branch is gone.</summary>
    public sealed record Moved(string? Sha) : PushOutcome;

    /// <summary>The server refused, in its words; <paramref name="ForContent"/>: for what is in the commit (a secret, a large file), which another
    /// run can mend.</summary>
    public sealed record Refused(string Detail, bool ForContent) : PushOutcome;

    /// <summary>A passing cause, such as the network.</summary>
    public sealed record Failed(string Detail) : PushOutcome;

    /// <summary>Neither this machine's mirror nor the remote has the commit.</summary>
    public sealed record Lost : PushOutcome;
}

/// <summary>Reads what git and the server say about a push.</summary>
internal static partial class PushAnswer
{
    private static readonly string[] ForContent = ["GH001", "GH009: Secrets", "PUSH PROTECTION", "Push cannot contain secrets", "exceeds GitHub's file size limit"];
    private static readonly string[] Raced = ["cannot lock ref", "failed to update ref", "fetch first", "stale info", "non-fast-forward", "reference already exists"];
    private static readonly string[] NotAllowed = ["returned error: 403", "Permission to ", "denied to "];

    /// <summary>Null where the branch isn't what the lease says, so that the remote has to be looked at.</summary>
    public static PushOutcome? Of(GitResult push, string reference)
    {
        // "flag TAB from:to TAB summary (reason)", see git-push, OUTPUT
        var line = push.Lines.Select(l => l.Split('\t')).FirstOrDefault(l => l.Length >= 3 && l[1].EndsWith(":" + reference, StringComparison.Ordinal));
        if (line is null || line[0] is not ("!" or "=" or " " or "+" or "*" or "-"))
        {
            var words = Words(push.Errors);
            var refused = NotAllowed.Any(w => words.Contains(w, StringComparison.Ordinal)) && !NetworkTrouble.IsIn(words);
            return refused ? new PushOutcome.Refused(words, false) : new PushOutcome.Failed(words);
        }

        if (line[0] == "=") return new PushOutcome.AlreadyThere();
        if (line[0] != "!") return push.Ok ? new PushOutcome.Pushed() : new PushOutcome.Failed(Words(push.Errors));
        if (line[2].StartsWith("[remote failure]", StringComparison.Ordinal)) return new PushOutcome.Failed(Words(push.Errors));
        if (Raced.Any(w => line[2].Contains(w, StringComparison.Ordinal)) || line[2].StartsWith("[rejected]", StringComparison.Ordinal)) return null;
        var detail = Detail(line[2], push.Errors);
        return new PushOutcome.Refused(detail, ForContent.Any(w => detail.Contains(w, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The server's words, without git's frame; first the line that names the rule, for that one is shown alone.</summary>
    private static string Detail(string reason, string errors)
    {
        var said = errors.Split('\n').Where(l => l.StartsWith("remote:", StringComparison.Ordinal)).Select(l => l["remote:".Length..].Trim()).Where(l => l.Length > 0).ToList();
        if (said.Find(l => Rule().IsMatch(l)) is { } rule) said = [rule, .. said.Where(l => l != rule)];
        // "(pre-receive hook declined)" says nothing that the hook itself doesn't.
        IEnumerable<string> lines = reason.Contains("hook declined", StringComparison.Ordinal) && said.Count > 0 ? said.Append(reason) : said.Prepend(reason);
        var text = string.Join('\n', lines);
        return text.Length > 4000 ? text[..4000] + "…" : text;
    }

    /// <summary>GitHub's number for what a push is refused for.</summary>
    [GeneratedRegex(@"\bGH\d{3}\b")]
    private static partial Regex Rule();

    private static string Words(string errors) => GitRunner.LastLines(errors);
}
