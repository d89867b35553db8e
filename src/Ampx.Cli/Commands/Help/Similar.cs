namespace Ampx.Cli.Commands.Help;

/// <summary>What somebody may have meant by a word that is none.</summary>
internal static class Similar
{
    /// <summary>Words of other programs, or near in meaning, with ours for them.</summary>
    private static readonly Dictionary<string, string> Meant = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ps"] = "list",
        ["tasks"] = "list",
        ["status"] = "show",
        ["get"] = "show",
        ["describe"] = "show",
        ["view"] = "show",
        ["info"] = "show",
        ["run"] = "start",
        ["new"] = "start",
        ["create"] = "start",
        ["add"] = "start",
        ["log"] = "logs",
        ["tail"] = "logs",
        ["stop"] = "abort",
        ["cancel"] = "abort",
        ["kill"] = "abort",
        ["pause"] = "abort",
        ["delete"] = "rm",
        ["remove"] = "rm",
        ["resume"] = "continue",
        ["retry"] = "continue",
        ["serve"] = "up",
        ["server"] = "up",
        ["browse"] = "open",
        ["signin"] = "login",
        ["auth"] = "login",
        ["settings"] = "config",
        ["check"] = "doctor",
    };

    /// <summary>Those of <paramref name="known"/> that <paramref name="word"/> is nearest to, the best first; none if it is far from all.</summary>
    public static IReadOnlyList<string> To(string word, IReadOnlyCollection<string> known)
    {
        if (Meant.TryGetValue(word, out var meant) && known.Contains(meant)) return [meant];
        var begun = known.Where(one => word.Length >= 2 && one.StartsWith(word, StringComparison.OrdinalIgnoreCase)).ToList();
        if (begun.Count > 0) return [.. begun.Take(3)];
        var near = known.Select(one => (One: one, Far: Distance(word.ToLowerInvariant(), one))).Where(one => one.Far <= Math.Max(1, Math.Min(word.Length, one.One.Length) / 2 - 1)).ToList();
        return near.Count == 0 ? [] : [.. near.Where(one => one.Far == near.Min(other => other.Far)).Select(one => one.One).Take(3)];
    }

    /// <summary>As a question: <c>Did you mean 'list' or 'logs'?</c></summary>
    public static string Question(IEnumerable<string> words) => $"Did you mean {string.Join(" or ", words.Select(word => $"'{word}'"))}?";

    /// <summary>Letters to add, drop, replace or swap with their neighbour.</summary>
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var same = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + same);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }

        return cost[a.Length, b.Length];
    }
}
