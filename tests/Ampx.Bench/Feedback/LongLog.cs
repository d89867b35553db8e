using System.Globalization;
using System.Text;

namespace Ampx.Bench.Feedback;

/// <summary>A job's log of any length, as GitHub stores it: the same megabytes again and again, with one failure at two thirds.</summary>
internal static class LongLog
{
    /// <summary>What the excerpt must contain.</summary>
    public const string Assertion = "AssertionError: expected { total: 41 } to deeply equal { total: 42 }";

    /// <summary>Kinds of lines that a log may be full of.</summary>
    public static readonly string[] Kinds = ["mixed", "passing", "coloured", "warnings", "errors", "long"];

    /// <summary>The log's pieces, in order; they are <paramref name="megabytes"/> long together.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Pieces(string kind, int megabytes)
    {
        var clock = new Clock();
        var block = Block(kind, clock);
        var (length, sent, failed) = ((long)megabytes << 20, 0L, false);
        yield return Text(clock, "##[group]Run npm test", "\u001b[36;1mnpm test\u001b[0m", "shell: /usr/bin/bash -e {0}", "##[endgroup]");
        for (; sent < length; sent += block.Length)
        {
            if (!failed && sent >= length * 2 / 3)
            {
                failed = true;
                yield return Text(clock, " FAIL  src/cart/total.test.ts > cart > adds up", Assertion, "    at src/cart/total.test.ts:18:23");
            }

            yield return block.AsMemory(0, (int)Math.Min(block.Length, length - sent));
        }

        yield return Text(clock, "", "##[error]Process completed with exit code 1.", "Post job cleanup.", "Cleaning up orphan processes");
    }

    private static byte[] Block(string kind, Clock clock)
    {
        var text = new StringBuilder();
        var random = new Random(1);
        for (var i = 0; text.Length < 8 << 20; i++)
        {
            var line = kind is "mixed" ? Line(Kinds[1 + (random.Next(20) switch { < 10 => 0, < 16 => 1, < 19 => 2, _ => 3 })], i, random) : Line(kind, i, random);
            clock.Stamp(text).Append(line).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Line(string kind, int i, Random random)
    {
        var name = $"{(char)('a' + random.Next(26))}{(char)('a' + random.Next(26))}{(char)('a' + random.Next(26))}";
        return kind switch
        {
            "passing" => $"tests/unit/{name}/test_orders.py::test_totals_of_an_order_with_many_lines[{name}-{i}] PASSED [{i % 100,3}%]",
            "coloured" => $"\u001b[32m  ✓\u001b[39m src/{name}/basket.test.ts \u001b[2m > \u001b[22mbasket holds what was put in \u001b[33m {random.Next(90)}\u001b[2mms\u001b[22m\u001b[39m",
            "warnings" => $"/home/runner/work/app/app/src/{name}/Orders.cs({i % 900},17): warning CS8602: Dereference of a possibly null reference; error handling of {name} [/home/runner/work/app/app/src/App.csproj]",
            "errors" => $"[{name}] error: request {i} for /{name}/{random.Next()} failed with status 500, expected 200",
            _ => new string((char)('a' + random.Next(26)), 20_000) + name,
        };
    }

    private static ReadOnlyMemory<byte> Text(Clock clock, params string[] lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines) clock.Stamp(text).Append(line).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private sealed class Clock
    {
        private DateTimeOffset _now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

        public StringBuilder Stamp(StringBuilder text) =>
            text.Append((_now = _now.AddTicks(12_345)).ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture)).Append("Z ");
    }
}
