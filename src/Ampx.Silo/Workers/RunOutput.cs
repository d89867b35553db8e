using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Ampx.Silo.Agents;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Storage.Logs;

namespace Ampx.Silo.Workers;

/// <summary>Brings what a run prints into the task's log, from the byte where that stopped.</summary>
public sealed class RunOutput(AgentRuns runs, LogWriter logs, Redactor redactor, TimeProvider clock)
{
    /// <summary>Follows the run to its end. Each chunk is durable before the next is read: a restart loses and doubles nothing, a full disk only waits.</summary>
    /// <param name="profile">Makes the agent's stream readable; null keeps the lines as they are.</param>
    /// <returns>How it ended; null if its supervisor is gone.</returns>
    public async Task<RunExit?> Follow(TaskState task, string runId, string source, AgentProfile? profile, CancellationToken cancel)
    {
        var from = new RunOffsets(await logs.LargestByte(runId, RunFiles.Out, cancel), await logs.LargestByte(runId, RunFiles.Err, cancel));
        var longest = profile?.LongestLine ?? RunFollower.ChunkSize;
        var folder = runs.Folder(runId);
        var (stdout, stderr) = (After(folder.OutPath, from.Out), After(folder.ErrPath, from.Err));
        await foreach (var chunk in RunFollower.Follow(folder, from, clock, longest, redactor.Now, cancel))
        {
            var clean = chunk.Lines.Select((chunk.Stream == RunFiles.Out ? stdout : stderr).Apply).ToList();
            var lines = chunk.Stream == RunFiles.Out && profile is not null ? [.. profile.Readable(clean).Select(line => redactor.Mask(line))] : clean;
            await logs.Append(new LogChunk(task.Id, task.Attempt?.Number ?? 0, source, runId, chunk.Stream, chunk.ByteFrom, chunk.ByteTo, lines, chunk.Time), cancel);
        }

        return await runs.WaitForExit(runId, cancel);
    }

    /// <summary>Knows whether the byte <paramref name="from"/> stands within a private key.</summary>
    private LineRedactor After(string path, long from)
    {
        var stream = new LineRedactor(redactor);
        if (from == 0) return stream;
        using var before = new LineFile(path, Math.Max(0, from - LineRedactor.Memory), RunFollower.ChunkSize, until: from);
        while (before.Read(complete: true) is { } lines)
            foreach (var line in lines) stream.Apply(line);
        return stream;
    }
}
