using System.Text.Json;

namespace Ampx.Silo.Git;

/// <summary>What is written beside a tree, as <c>tree.json</c>.</summary>
/// <param name="TaskId">Whose tree it is, or last was.</param>
/// <param name="Held">A run prepares, works or publishes in it.</param>
/// <param name="Ready">The marker that preparing ended well; null = half done.</param>
/// <param name="Bytes">Its size, once measured after its last use.</param>
/// <param name="Unsaved">An agent has worked in it since its work was last safe elsewhere: no other task gets it, and nothing removes it.</param>
/// <param name="Checkpoint">The task's last checkpoint as known here: the work in the tree is that, or newer.</param>
/// <param name="Made">A snapshot that the task may not have heard of yet.</param>
/// <param name="Files">The tree of what is at the task's own ref.</param>
internal sealed record TreeRecord(
    string Owner, string RepoKey, string TaskId, bool Held, DateTimeOffset UsedAt, Workspace? Ready = null, long? Bytes = null,
    bool Unsaved = false, string? Checkpoint = null, string? Made = null, string? Files = null)
{
    public bool Free => !Held && !Unsaved;
}

/// <summary>A kept tree; its record is read and written under the pool's lock.</summary>
internal sealed class KeptTree(string folder, TreeRecord record)
{
    public string Folder { get; } = folder;

    public string Tree { get; } = Path.Combine(folder, "tree");

    /// <summary>The index as it was when we had checked out: no agent could write it.</summary>
    public string Index { get; } = Path.Combine(folder, "index");

    public TreeRecord Record { get; set; } = record;

    /// <summary>One preparing at a time.</summary>
    public SemaphoreSlim Turn { get; } = new(1);
}

/// <summary>The kept trees of this data folder and who has them; the same after a restart.</summary>
/// <param name="tell">Hears of each folder whose record is torn.</param>
internal sealed class TreePool(GitFolders folders, TimeProvider time, Action<string> tell)
{
    private readonly Lock gate = new();
    private readonly List<string> torn = [];
    private List<KeptTree>? trees;

    /// <summary>The task's own tree, else the longest unused free one of the same owner and repository, else a new one; held for the task from now on.</summary>
    public KeptTree Claim(string owner, string repoKey, string taskId)
    {
        lock (gate)
        {
            var mine = Trees.Where(t => t.Record.Owner == owner && t.Record.RepoKey == repoKey).ToList();
            var tree = mine.FirstOrDefault(t => t.Record.TaskId == taskId)
                ?? mine.Where(t => t.Record.Free).MinBy(t => t.Record.UsedAt)
                ?? New(owner, repoKey, taskId);
            var record = tree.Record.TaskId == taskId ? tree.Record : new TreeRecord(owner, repoKey, taskId, Held: true, time.GetUtcNow());
            Save(tree, record with { Held = true, UsedAt = time.GetUtcNow(), Bytes = null });
            return tree;
        }
    }

    /// <summary>The tree that the task holds.</summary>
    public KeptTree? Of(string taskId)
    {
        lock (gate) return Trees.FirstOrDefault(t => t.Record.TaskId == taskId && t.Record.Held);
    }

    /// <summary>The tree with the task's work, whether a run has it now or not.</summary>
    public KeptTree? LastOf(string taskId)
    {
        lock (gate) return Trees.FirstOrDefault(t => t.Record.TaskId == taskId);
    }

    /// <summary>Tasks that no run has here, whose work is nowhere else.</summary>
    public IReadOnlyList<string> Kept
    {
        get
        {
            lock (gate) return [.. Trees.Where(t => t.Record is { Held: false, Unsaved: true }).Select(t => t.Record.TaskId)];
        }
    }

    /// <summary>The mirrors that trees borrow from.</summary>
    public IReadOnlySet<string> Mirrors
    {
        get
        {
            lock (gate) return Trees.Select(t => t.Record.Ready?.Mirror).OfType<string>().ToHashSet();
        }
    }

    public long Bytes
    {
        get
        {
            lock (gate) return Trees.Sum(t => t.Record.Bytes ?? 0);
        }
    }

    public void Mark(KeptTree tree, Func<TreeRecord, TreeRecord> change)
    {
        lock (gate)
            if (change(tree.Record) is var next && next != tree.Record) Save(tree, next);
    }

    public void Release(Func<string, bool> whose)
    {
        lock (gate)
            foreach (var tree in Trees.Where(t => t.Record.Held && whose(t.Record.TaskId)).ToList())
                Save(tree, tree.Record with { Held = false, UsedAt = time.GetUtcNow() });
    }

    /// <summary>All kept trees; what is then done to them isn't seen.</summary>
    public IReadOnlyList<(string Folder, TreeRecord Record)> All()
    {
        lock (gate) return [.. Trees.Select(t => (t.Folder, t.Record))];
    }

    /// <summary>Folders whose record is torn: whose work lies there isn't known, so they are left for a person to look at.</summary>
    public IReadOnlyList<string> Torn()
    {
        lock (gate)
        {
            _ = Trees;
            return [.. torn.Where(Directory.Exists)];
        }
    }

    /// <summary>The task's trees count as half done, and whoever uses them next lays them out anew; not where work is that is nowhere else.</summary>
    public void Unready(string taskId)
    {
        lock (gate)
            foreach (var tree in Trees.Where(t => t.Record is { Unsaved: false } && t.Record.TaskId == taskId).ToList()) Save(tree, tree.Record with { Ready = null });
    }

    /// <summary>Removes free trees whose work is safe, the longest unused first, for as long as <paramref name="enough"/> isn't reached.</summary>
    /// <param name="enough">Gets the bytes of all trees and the next one's last use.</param>
    public void Remove(Func<long, DateTimeOffset, bool> enough)
    {
        Measure();
        while (true)
        {
            string gone;
            lock (gate)
            {
                var next = Trees.Where(t => t.Record.Free).MinBy(t => t.Record.UsedAt);
                if (next is null || enough(Trees.Sum(t => t.Record.Bytes ?? 0), next.Record.UsedAt)) return;
                gone = TakeOut(next);
            }

            DiskFolder.Delete(gone);
        }
    }

    /// <summary>Removes the task's tree, whatever work lies in it; false while a run or a snapshot has it.</summary>
    public bool Remove(string taskId)
    {
        string gone;
        lock (gate)
        {
            if (Trees.FirstOrDefault(t => t.Record.TaskId == taskId) is not { } tree) return true;
            if (tree.Record.Held || tree.Turn.CurrentCount == 0) return false;
            gone = TakeOut(tree);
        }

        DiskFolder.Delete(gone);
        return true;
    }

    /// <summary>From its place in one step, so that a crash leaves nothing that looks like a tree; under the lock.</summary>
    private string TakeOut(KeptTree tree)
    {
        Trees.Remove(tree);
        var gone = Path.Combine(Path.GetDirectoryName(tree.Folder)!, ".removed-" + Guid.NewGuid().ToString("N"));
        Directory.Move(tree.Folder, gone);
        return gone;
    }

    private List<KeptTree> Trees => trees ??= Load();

    private void Measure()
    {
        List<KeptTree> unknown;
        lock (gate) unknown = [.. Trees.Where(t => t.Record.Bytes is null)];
        foreach (var tree in unknown)
        {
            var before = tree.Record;
            long bytes;
            try
            {
                bytes = DiskFolder.Size(tree.Folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // at work in it, or removed
            }

            lock (gate)
                if (tree.Record == before && Trees.Contains(tree)) Save(tree, before with { Bytes = bytes });
        }
    }

    private KeptTree New(string owner, string repoKey, string taskId)
    {
        var home = Path.Combine(folders.Workspaces, GitFolders.Slug(repoKey));
        var number = 1;
        while (Directory.Exists(Path.Combine(home, $"{number}"))) number++;
        var tree = new KeptTree(Path.Combine(home, $"{number}"), new TreeRecord(owner, repoKey, taskId, true, time.GetUtcNow()));
        GitFolders.Create(folders.Workspaces);
        GitFolders.Create(home);
        GitFolders.Create(tree.Folder);
        Trees.Add(tree);
        return tree;
    }

    private List<KeptTree> Load()
    {
        var found = new List<KeptTree>();
        if (!Directory.Exists(folders.Workspaces)) return found;
        foreach (var folder in Directory.EnumerateDirectories(folders.Workspaces).SelectMany(Directory.EnumerateDirectories).ToList())
        {
            if (Read(folder) is { } record) found.Add(new KeptTree(folder, record));
            else if (Path.GetFileName(folder).StartsWith('.') || !Directory.Exists(Path.Combine(folder, "tree"))) DiskFolder.Delete(folder); // removed by half, or made by half
            else torn.Add(folder);
        }

        torn.ForEach(tell);
        return found;
    }

    private static TreeRecord? Read(string folder)
    {
        try
        {
            var record = JsonSerializer.Deserialize<TreeRecord>(File.ReadAllText(Path.Combine(folder, "tree.json")));
            return Path.GetFileName(folder).StartsWith('.') || record is not { Owner: not null, RepoKey: not null, TaskId: not null } ? null : record;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    private static void Save(KeptTree tree, TreeRecord record)
    {
        var fresh = Path.Combine(tree.Folder, "tree.json.new");
        using (var file = File.Create(fresh))
        {
            JsonSerializer.Serialize(file, record);
            file.Flush(flushToDisk: true); // else the rename may outlive a power cut that the words don't
        }

        File.Move(fresh, Path.Combine(tree.Folder, "tree.json"), overwrite: true);
        tree.Record = record;
    }
}
