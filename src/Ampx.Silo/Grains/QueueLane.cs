namespace Ampx.Silo.Grains;

/// <summary>
/// The line before one kind of slot: owners, sorted by who was served longest ago; in each the repositories, sorted alike; in each of those
/// the entries by age. Whatever comes, goes or is served costs a few tree moves, however many wait. Not thread-safe.
/// </summary>
internal sealed class QueueLane
{
    /// <summary>Turns of owners and repositories that wait for nothing now. Who is forgotten counts as never served.</summary>
    private const int MostRemembered = 10_000;

    /// <summary>Ids are in order of creation.</summary>
    private static readonly Comparer<QueueEntry> ByAge = Comparer<QueueEntry>.Create((a, b) => string.CompareOrdinal(a.TaskId, b.TaskId));

    private readonly SortedSet<Line> owners = new(Line.ByTurn);
    private readonly Dictionary<string, Line> ownerOf = [];
    private readonly Dictionary<(string Owner, string? Repo), long> served = [];
    private long turn;

    public void Add(QueueEntry entry)
    {
        if (!ownerOf.TryGetValue(entry.Owner, out var owner)) ownerOf[entry.Owner] = owner = new(entry.Owner, served.GetValueOrDefault((entry.Owner, null)));
        if (!owner.RepoOf.TryGetValue(entry.Repo, out var repo)) owner.RepoOf[entry.Repo] = repo = new(entry.Repo, served.GetValueOrDefault((entry.Owner, entry.Repo)));
        Change(owner, repo, () =>
        {
            owner.Entries.Add(entry);
            repo.Entries.Add(entry);
        });
    }

    public void Remove(QueueEntry entry)
    {
        var (owner, repo) = LinesOf(entry);
        Change(owner, repo, () =>
        {
            owner.Entries.Remove(entry);
            repo.Entries.Remove(entry);
        });
        if (repo.Entries.Count == 0) owner.RepoOf.Remove(repo.Name);
        if (owner.Entries.Count == 0) ownerOf.Remove(owner.Name);
    }

    /// <summary>The first entry, in order of turns, that may be taken.</summary>
    public QueueEntry? Find(Func<string, bool> full, Func<QueueEntry, bool>? suits)
    {
        foreach (var repo in owners.SelectMany(owner => owner.Repos).Where(repo => !full(repo.Name)))
        {
            if ((suits is null ? repo.Entries.Min : repo.Entries.FirstOrDefault(suits)) is { } entry) return entry;
        }

        return null;
    }

    /// <summary>It was the turn of the entry's owner and repository: they go behind all others.</summary>
    public void Serve(QueueEntry entry)
    {
        var (owner, repo) = LinesOf(entry);
        turn++;
        Change(owner, repo, () => owner.Served = repo.Served = turn);
        served[(owner.Name, null)] = served[(owner.Name, repo.Name)] = turn;
        if (served.Count <= MostRemembered) return;
        foreach (var old in served.OrderBy(known => known.Value).Take(MostRemembered / 2).Select(known => known.Key).ToList()) served.Remove(old);
    }

    /// <summary>All entries in the order in which they'd be taken if nothing more came.</summary>
    public IEnumerable<QueueEntry> Foreseen()
    {
        var later = turn;
        var order = new PriorityQueue<PriorityQueue<Queue<QueueEntry>, Turn>, Turn>();
        foreach (var owner in owners)
            order.Enqueue(new(owner.Repos.Select(repo => (new Queue<QueueEntry>(repo.Entries), repo.Turn))), owner.Turn);
        while (order.TryDequeue(out var repos, out _))
        {
            var entries = repos.Dequeue();
            yield return entries.Dequeue();
            later++;
            if (entries.TryPeek(out var next)) repos.Enqueue(entries, new(later, next.TaskId));
            if (repos.Count > 0) order.Enqueue(repos, new(later, ""));
        }
    }

    private (Line Owner, Line Repo) LinesOf(QueueEntry entry) => (ownerOf[entry.Owner], ownerOf[entry.Owner].RepoOf[entry.Repo]);

    /// <summary>What a sorted set has must not change its place in there: out, changed, in again.</summary>
    private void Change(Line owner, Line repo, Action change)
    {
        owners.Remove(owner);
        owner.Repos.Remove(repo);
        change();
        if (repo.Entries.Count > 0) owner.Repos.Add(repo);
        if (owner.Entries.Count > 0) owners.Add(owner);
    }

    /// <summary>An owner, or one of an owner's repositories (which has no further ones).</summary>
    private sealed class Line(string name, long served)
    {
        public static readonly Comparer<Line> ByTurn = Comparer<Line>.Create((a, b) => a.Turn.CompareTo(b.Turn) is not 0 and var by ? by : string.CompareOrdinal(a.Name, b.Name));

        public string Name => name;
        public long Served { get; set; } = served;
        public SortedSet<QueueEntry> Entries { get; } = new(ByAge);
        public SortedSet<Line> Repos { get; } = new(ByTurn);
        public Dictionary<string, Line> RepoOf { get; } = [];
        public Turn Turn => new(Served, Entries.Min?.TaskId ?? "");
    }

    /// <summary>Served longest ago goes first; of those never served whose task is oldest.</summary>
    private readonly record struct Turn(long Served, string Oldest) : IComparable<Turn>
    {
        public int CompareTo(Turn other) => Served != other.Served ? Served.CompareTo(other.Served) : string.CompareOrdinal(Oldest, other.Oldest);
    }
}
