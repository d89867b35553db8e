using Ampx.Silo.Git;
using Ampx.Silo.Hosting;

namespace Ampx.Silo.Agents.Sandboxes;

/// <summary>The homes of sandboxed runs, one for each owner and repository, below <c>homes/</c> in the data folder.</summary>
public sealed class Homes(DataFolder data, TimeProvider clock)
{
    /// <summary>A run lasts a week at most.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromDays(8);

    /// <summary>Its folder, which counts as used from now on.</summary>
    public string Of(string owner, string repoKey)
    {
        var home = data.In("homes", GitFolders.Slug(owner), GitFolders.Slug(repoKey));
        GitFolders.Create(home);
        Directory.SetLastWriteTimeUtc(home, clock.GetUtcNow().UtcDateTime);
        return home;
    }

    /// <summary>Removes those that nobody has used for so long, but for a week at least.</summary>
    public void RemoveUnused(TimeSpan retainFor)
    {
        if (!Directory.Exists(data.In("homes"))) return;
        var before = clock.GetUtcNow() - (retainFor > Least ? retainFor : Least);
        foreach (var home in Directory.EnumerateDirectories(data.In("homes")).SelectMany(Directory.EnumerateDirectories).Where(home => Directory.GetLastWriteTimeUtc(home) < before.UtcDateTime).ToList())
            DiskFolder.Delete(home);
    }
}
