using System.Collections.Concurrent;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>What a new repository shall hold; neither files nor folder: it is empty.</summary>
public sealed record RepositorySpec
{
    /// <summary><c>owner/name</c>.</summary>
    public required string FullName { get; init; }

    /// <summary>Path to text, for one first commit.</summary>
    public IReadOnlyDictionary<string, string>? Files { get; init; }

    /// <summary>A git repository to be taken over with its branches, or a plain folder for one first commit.</summary>
    public string? Folder { get; init; }

    /// <summary>Its settings from the start.</summary>
    public RepositorySettings Settings { get; init; } = new();
}

/// <summary>The repositories, by name.</summary>
public sealed class RepositoryStore
{
    private readonly ConcurrentDictionary<string, Repository> byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, long> formerNames = new(StringComparer.OrdinalIgnoreCase);
    private readonly Site site;

    internal RepositoryStore(Site site) => this.site = site;

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<Repository> All => [.. byName.Values];

    /// <summary>The repository of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Repository this[string fullName] => byName[fullName];

    /// <summary>The repository of that name, or null.</summary>
    public Repository? Find(string fullName) => byName.GetValueOrDefault(fullName);

    internal Repository? Find(long id) => byName.Values.FirstOrDefault(repository => repository.Id == id);

    /// <summary>The repository that once had this name, or null.</summary>
    internal Repository? Renamed(string fullName) =>
        !byName.ContainsKey(fullName) && formerNames.TryGetValue(fullName, out var id) ? Find(id) : null;

    /// <summary>Makes a repository. One that is on disk from an earlier server with this root is taken up as it is.</summary>
    public async Task<Repository> Create(RepositorySpec spec)
    {
        if (spec.FullName.Split('/') is not [{ Length: > 0 } owner, { Length: > 0 } name])
            throw new ArgumentException($"'{spec.FullName}' is no owner/name", nameof(spec));
        if (byName.ContainsKey(spec.FullName)) throw new InvalidOperationException($"{spec.FullName} exists already");

        var folder = Path.Combine(site.Root, "repositories", owner, name + ".git");
        var settings = spec.Settings;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            var git = new BareGit(folder);
            await git.Run("init", "--quiet", "--bare", "--template=", "--initial-branch", settings.DefaultBranch, ".");
            settings = await Fill(git, spec);
        }

        var repository = new Repository(owner, name, folder, site.Now) { Settings = settings };
        await Configure(repository);
        return byName[repository.FullName] = repository;
    }

    /// <summary>Gives the repository another name; the old one answers with a redirect from now on.</summary>
    public void Rename(string fullName, string newFullName)
    {
        var repository = byName[fullName];
        formerNames[fullName] = repository.Id;
        (repository.Owner, repository.Name) = newFullName.Split('/') is [var owner, var name] ? (owner, name) : throw new ArgumentException(newFullName);
        byName[newFullName] = repository;
        byName.TryRemove(fullName, out _);
    }

    /// <summary>Takes it away, as if deleted.</summary>
    public bool Remove(string fullName) => byName.TryRemove(fullName, out _);

    /// <summary>Opens an issue.</summary>
    public Issue CreateIssue(string fullName, string title, string body, string author = "octo-user")
    {
        var repository = byName[fullName];
        var issue = new Issue(repository.NextNumber(), title, body, author, site.Now);
        repository.Add(issue);
        return issue;
    }

    /// <summary>Somebody reviews a pull request: <c>APPROVED</c>, <c>CHANGES_REQUESTED</c> or <c>COMMENTED</c>.</summary>
    public Task Review(string fullName, int number, string state = "APPROVED", string author = "octo-reviewer") =>
        Reviews.Add(site, byName[fullName], byName[fullName].Pull(number) ?? throw new KeyNotFoundException($"{fullName} has no pull request #{number}"), author, state, "");

    private static async Task<RepositorySettings> Fill(BareGit git, RepositorySpec spec)
    {
        var settings = spec.Settings;
        if (spec.Folder is { } folder && (Directory.Exists(Path.Combine(folder, ".git")) || File.Exists(Path.Combine(folder, "HEAD"))))
        {
            await git.Run("fetch", "--quiet", "--no-tags", Path.GetFullPath(folder), "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*");
            var head = (await new BareGit(folder).Try("symbolic-ref", "--short", "HEAD")).StandardOutput.Trim();
            if (head.Length > 0) settings = settings with { DefaultBranch = head };
            await git.Run("symbolic-ref", "HEAD", "refs/heads/" + settings.DefaultBranch);
            return settings;
        }

        if (spec.Folder is null && spec.Files is null) return settings;
        var tree = Directory.CreateTempSubdirectory("fake-github-first-").FullName;
        try
        {
            if (spec.Folder is { } plain) Folders.Copy(plain, tree);
            foreach (var (path, text) in spec.Files ?? new Dictionary<string, string>())
            {
                var file = Path.Combine(tree, path);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllTextAsync(file, text);
                if (text.StartsWith("#!", StringComparison.Ordinal)) File.SetUnixFileMode(file, File.GetUnixFileMode(file) | UnixFileMode.UserExecute);
            }

            await git.Run("--work-tree", tree, "add", "--all", "--force", ".");
            await git.Run("--work-tree", tree, "commit", "--quiet", "--allow-empty", "--message", "Initial commit");
            File.Delete(Path.Combine(git.Folder, "index"));
            return settings;
        }
        finally
        {
            Folders.Delete(tree);
        }
    }

    private static async Task Configure(Repository repository)
    {
        var config = Path.Combine(repository.Git.Folder, "config");
        const string Settings = """
            [http]
                receivepack = true
            [uploadpack]
                allowAnySHA1InWant = true
                allowFilter = true
            [receive]
                hideRefs = refs/pull
                autogc = false
            [gc]
                auto = 0

            """;
        if (!(await File.ReadAllTextAsync(config)).Contains(Settings, StringComparison.Ordinal)) await File.AppendAllTextAsync(config, Settings);
        await repository.Rules.Install();
    }
}
