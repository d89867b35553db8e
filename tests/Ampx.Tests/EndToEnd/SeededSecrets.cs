using System.Text;
using Ampx.Core.Ci;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>
/// Looks for secrets that a test has planted wherever a service leaves something: below the stage's folder (database, logs, workspaces, .git folders),
/// in the service's words, in the argument lists of its processes, and in what it answers. Finds them in plain, URL-encoded and base64 form.
/// </summary>
internal sealed class SeededSecrets(Stage stage, params string[] secrets)
{
    private readonly Redaction[] forms = [.. secrets.Select(secret => new Redaction(secret))];

    /// <summary>Files, by the end of their path, that hold a secret because a test or a person has put it there.</summary>
    public string[] Meant { get; init; } = [];

    /// <summary>Fails with each place where a secret is found.</summary>
    public async Task NowhereToBeFound(params string[] paths)
    {
        var found = new List<string>(InFiles(stage.Root, out var files).Concat(InProcesses()).Concat(In("the service's log", stage.ServiceLog)));
        foreach (var path in paths)
        {
            var (status, body) = await stage.Send(HttpMethod.Get, path, null);
            Assert.True(status == 200, $"GET {path}: {status} {body}");
            found.AddRange(In($"GET {path}", body));
        }

        Assert.True(files > 10, "there was nothing to look at");
        None(found);
    }

    /// <summary>The same of what a service leaves: its data folder and its words.</summary>
    public void NotInWhatIsLeft() => None([.. InFiles(stage.Data, out _), .. In("the service's log", stage.ServiceLog)]);

    public IEnumerable<string> InProcesses() => Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _))
        .SelectMany(process => Read(Path.Combine(process, "cmdline")) is { } arguments ? In($"{process}/cmdline", arguments) : []);

    public static void None(IReadOnlyCollection<string> found) => Assert.True(found.Count == 0, $"secrets are found in:\n{string.Join('\n', found)}");

    private List<string> InFiles(string folder, out int files)
    {
        var found = new List<string>();
        files = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device }))
        {
            if (Meant.Any(meant => file.EndsWith(meant, StringComparison.Ordinal)) || Read(file) is not { } text) continue;
            files++;
            found.AddRange(In(file, text));
        }

        return found;
    }

    private IEnumerable<string> In(string where, string text) => forms.Index().Where(form => form.Item.HasKnown(text)).Select(form => $"{where}: secret {form.Index}");

    /// <summary>Null for what has gone meanwhile.</summary>
    private static string? Read(string file)
    {
        try
        {
            using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var all = new MemoryStream();
            open.CopyTo(all);
            return Encoding.Latin1.GetString(all.GetBuffer(), 0, (int)all.Length);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
