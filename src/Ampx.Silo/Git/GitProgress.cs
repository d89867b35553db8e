using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Ampx.Core.Tasks;
using CliWrap;

namespace Ampx.Silo.Git;

/// <summary>What git says on stderr of its progress, told apart from what may be an error.</summary>
internal static partial class GitProgress
{
    /// <summary>A line of git's is short; a longer one is handed on as it comes.</summary>
    private const int LongestLine = 64 << 10;

    /// <summary>Hands progress to <paramref name="told"/> and all other lines to <paramref name="rest"/>.</summary>
    public static PipeTarget Target(Action<TaskProgress> told, PipeWriter rest) => PipeTarget.Create(async (source, cancel) =>
    {
        var buffer = new byte[32 << 10];
        var line = new List<byte>();
        int read;
        while ((read = await source.ReadAsync(buffer, cancel)) > 0)
        {
            foreach (var one in buffer.AsSpan(0, read))
            {
                line.Add(one);
                // A line that is painted over ends with a carriage return.
                if (one is not ((byte)'\n' or (byte)'\r') && line.Count < LongestLine) continue;
                Sort(line, told, rest);
                line.Clear();
            }
        }

        Sort(line, told, rest);
    });

    /// <summary>Takes what isn't progress.</summary>
    public delegate void PipeWriter(ReadOnlySpan<byte> bytes);

    /// <summary>The progress that a line tells of; null if it is another's.</summary>
    public static TaskProgress? Read(string line) => Counted().Match(line) is { Success: true } match
        ? new(match.Groups["what"].Value is "Receiving objects" ? "objects" : "deltas", Number(match.Groups["done"]), Number(match.Groups["total"]))
        : null;

    private static void Sort(List<byte> bytes, Action<TaskProgress> told, PipeWriter rest)
    {
        var line = Encoding.UTF8.GetString([.. bytes]);
        if (Read(line) is { } progress) told(progress);
        else if (!IsChatter(line)) rest([.. bytes]);
    }

    /// <summary>Other progress, and a line for each new branch: there may be ten thousand.</summary>
    private static bool IsChatter(string line) => line.StartsWith(" * [new ", StringComparison.Ordinal) || Chatter().IsMatch(line);

    private static long Number(Group digits) => long.Parse(digits.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<what>Receiving objects|Resolving deltas): +\d{1,3}% \((?<done>\d{1,18})/(?<total>\d{1,18})\)")]
    private static partial Regex Counted();

    [GeneratedRegex(@"^(remote: )?(Enumerating|Counting|Compressing|Receiving|Resolving|Unpacking) (objects|deltas): ")]
    private static partial Regex Chatter();
}
