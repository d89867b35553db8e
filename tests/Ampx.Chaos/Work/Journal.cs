using System.Globalization;

namespace Ampx.Chaos.Work;

/// <summary>What one process of the agent says that it did.</summary>
/// <param name="Out">Lines printed on stdout; the last one may not have been noted any more.</param>
/// <param name="Ended">It came to its own end.</param>
/// <param name="Folder">Where it worked: tells the silo.</param>
internal sealed record AgentRun(string RunId, string Mark, int Attempt, int Pid, DateTimeOffset Started, string Folder, int Out, int Err, bool Ended);

/// <summary>The agents' own notes, outside of every data folder.</summary>
internal sealed class Journal(string folder)
{
    public string Folder => Directory.CreateDirectory(folder).FullName;

    /// <summary>Tasks that two agents were at work on at once.</summary>
    public IReadOnlyList<string> Overlaps => File.Exists(Path.Combine(Folder, "overlaps")) ? File.ReadAllLines(Path.Combine(Folder, "overlaps")) : [];

    public IReadOnlyList<AgentRun> Read() => [.. Directory.GetFiles(Folder, "*.run").Select(Read).OfType<AgentRun>().OrderBy(run => run.Started)];

    private static AgentRun? Read(string file)
    {
        var lines = File.ReadAllLines(file);
        if (lines is not [var first, ..] || first.Split(' ', 6) is not ["start", var mark, var attempt, var pid, var time, var folder]) return null;
        var started = DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(time, CultureInfo.InvariantCulture));
        return new(Path.GetFileName(file).Split('.')[0], mark, Number(attempt), Number(pid), started, folder,
            lines.Count(line => line.StartsWith("out ", StringComparison.Ordinal)), lines.Count(line => line.StartsWith("err ", StringComparison.Ordinal)),
            lines[^1].StartsWith("end ", StringComparison.Ordinal));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
