using System.Text;
using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Xunit;

namespace Ampx.Tests.Agents;

public sealed class RunFollowerTests : IAsyncLifetime
{
    private readonly RunsOnDisk _disk = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;
    public ValueTask DisposeAsync() => _disk.DisposeAsync();

    [Fact]
    public async Task A_living_run_is_followed_to_its_end_without_split_characters()
    {
        await _disk.Runs.Start(await _disk.AmpSpec(), "fake: half-utf8\nfake: print-err 2500\nfake: say Grüße");
        var chunks = await Follow(default);

        Assert.Contains("<€>", Lines(chunks, "out"));
        Assert.Contains("Grüße", string.Concat(Lines(chunks, "out")).Replace("\\u00FC", "ü", StringComparison.Ordinal).Replace("\\u00DF", "ß", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal([999, 999, 500], Lines(chunks, "err").Select(l => l.Length));
        Assert.Equal(new FileInfo(_disk.Runs.Folder(_disk.First).OutPath).Length, chunks.Last(c => c.Stream == "out").ByteTo);
    }

    [Fact]
    public async Task Following_again_from_any_chunk_misses_and_doubles_nothing()
    {
        await _disk.RunToItsEnd(_disk.Shell("i=0; while [ $i -lt 30000 ]; do echo \"line $i äöü\"; i=$((i+1)); done; printf 'no end'"));
        var whole = await Follow(default);
        Assert.Equal([.. Enumerable.Range(0, 30000).Select(i => $"line {i} äöü"), "no end"], Lines(whole, "out"));
        Assert.True(whole.Count > 5);

        var previous = 0L;
        foreach (var chunk in whole)
        {
            Assert.Equal(previous, chunk.ByteFrom);
            Assert.InRange(chunk.ByteTo - chunk.ByteFrom, 1, RunFollower.ChunkSize);
            previous = chunk.ByteTo;
        }
        for (var cut = 0; cut <= whole.Count; cut++)
        {
            var rest = await Follow(new RunOffsets(cut == 0 ? 0 : whole[cut - 1].ByteTo, 0));
            Assert.Equal(Lines(whole, "out"), [.. Lines(whole.Take(cut), "out"), .. Lines(rest, "out")]);
        }
    }

    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\nb\r\n", "a|b")]
    [InlineData("1%\r2%\rdone\n", "1%|2%|done")]
    [InlineData("a\n\nb", "a||b")]
    [InlineData("a\r", "a")]
    [InlineData("nul\0l", "nul␀l")]
    [InlineData("", "")]
    public async Task Lines_end_as_they_do_everywhere(string output, string lines)
    {
        Ended(Encoding.UTF8.GetBytes(output));
        Assert.Equal(lines, string.Join('|', Lines(await Follow(default), "out")));
    }

    [Fact]
    public async Task Only_what_is_really_invalid_becomes_a_replacement_character()
    {
        Ended([.. "ok "u8, 0xff, (byte)'\n', 0xe2, 0x82, (byte)'\n', .. "€"u8]);
        Assert.Equal(["ok \ufffd", "\ufffd", "€"], Lines(await Follow(default), "out"));
    }

    [Fact]
    public async Task A_line_that_is_too_long_is_cut_between_characters()
    {
        var line = string.Concat(Enumerable.Repeat("a€😀", 30_000));
        Ended(Encoding.UTF8.GetBytes(line + "\r\nnext\n"));
        var lines = Lines(await Follow(default), "out");
        Assert.Equal(line, string.Concat(lines.SkipLast(1)));
        Assert.Equal("next", lines[^1]);
        Assert.All(lines, l => Assert.InRange(Encoding.UTF8.GetByteCount(l), 1, RunFollower.ChunkSize));
        Assert.Equal([line, "next"], Lines(await Follow(default, RunFollower.LongestJsonLine), "out"));
    }

    [Fact]
    public async Task A_hundred_megabytes_flow_through_a_small_memory()
    {
        using (var file = File.Create(Ended([])))
        {
            var block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 99) + "\n", 10_000)));
            for (var i = 0; i < 100; i++)
                file.Write(block);
        }
        var (lines, most) = (0L, 0L);
        await foreach (var chunk in RunFollower.Follow(_disk.Runs.Folder(_disk.First), default, TimeProvider.System))
        {
            lines += chunk.Lines.Count;
            most = Math.Max(most, chunk.ByteTo - chunk.ByteFrom);
        }
        Assert.Equal(1_000_000, lines);
        Assert.InRange(most, 1, RunFollower.ChunkSize);
    }

    /// <summary>A run that has ended with this output.</summary>
    private string Ended(ReadOnlySpan<byte> output)
    {
        var folder = _disk.Runs.Folder(_disk.First);
        Directory.CreateDirectory(folder.Path);
        AtomicFile.Write(folder.In(RunFiles.Exit), new RunExit { Code = 0, Reason = RunReason.Exited, EndedAt = default }, RunJson.Default.RunExit);
        File.WriteAllBytes(folder.OutPath, output);
        return folder.OutPath;
    }

    private async Task<List<RunChunk>> Follow(RunOffsets from, int longestLine = RunFollower.ChunkSize)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await RunFollower.Follow(_disk.Runs.Folder(_disk.First), from, TimeProvider.System, longestLine, cancel: limit.Token).ToListAsync();
    }

    private static List<string> Lines(IEnumerable<RunChunk> chunks, string stream) => [.. chunks.Where(c => c.Stream == stream).SelectMany(c => c.Lines)];
}
