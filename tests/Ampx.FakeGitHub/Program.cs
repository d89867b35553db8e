namespace Ampx.FakeGitHub;

/// <summary><c>fake-github --port N --root DIR --token T [--repo owner/name=FOLDER]...</c>: the server as a process of its own.</summary>
internal static class Program
{
    private const string Usage =
        "usage: fake-github [--port N] [--root DIR] [--token T]... [--repo owner/name[=FOLDER]]... [--jobs N]";

    public static async Task<int> Main(string[] args)
    {
        var options = new FakeGitHubOptions();
        var tokens = new List<string>();
        var repositories = new List<(string Name, string? Folder)>();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length) return Wrong($"{args[i]} needs a value");
            var value = args[i + 1];
            switch (args[i])
            {
                case "--port" when int.TryParse(value, out var port): options = options with { Port = port }; break;
                case "--jobs" when int.TryParse(value, out var jobs) && jobs > 0: options = options with { ParallelJobs = jobs }; break;
                case "--root": options = options with { Root = Path.GetFullPath(value) }; break;
                case "--token": tokens.Add(value); break;
                case "--repo" when value.Split('=', 2) is [var name, .. var folder] && name.Contains('/', StringComparison.Ordinal):
                    repositories.Add((name, folder.FirstOrDefault()));
                    break;
                default: return Wrong($"unknown option or wrong value: {args[i]} {value}");
            }
        }

        await using var server = await FakeGitHubServer.Start(options);
        foreach (var token in tokens) server.Site.Tokens.Create(new() { Value = token });
        foreach (var (name, folder) in repositories) await server.Site.Repositories.Create(new() { FullName = name, Folder = folder });
        Console.WriteLine($"listening on {server.WebUrl.TrimEnd('/')}");
        await server.WaitForShutdown();
        return 0;
    }

    private static int Wrong(string what)
    {
        Console.Error.WriteLine($"fake-github: {what}\n{Usage}");
        return 2;
    }
}
