using System.Diagnostics;
using Ampx.Core.Secrecy;

namespace Ampx.Bench.Secrecy;

/// <summary>How fast output is freed of secrets, of the kinds that builds print and of the kinds that are worst.</summary>
internal static class RedactionBench
{
    private const int Secrets = 10;

    public static int Run(int megabytes)
    {
        var redactor = new Redactor();
        for (var i = 0; i < Secrets; i++) redactor.Know(Secret(i));
        Measure("build output", redactor, megabytes, i => $"[{i}/9000] Building CXX object src/core/CMakeFiles/core.dir/part{i % 977}.cpp.o in 0.{i % 10} s, warnings: {i % 3}");
        Measure("links and the word token", redactor, megabytes, i => $"GET https://registry.example.org/@scope/package-{i % 977}/-/package.tgz 200 unexpected token {i}");
        Measure("a secret in each line", redactor, megabytes, i => $"line {i}: using {Secret(i)} to sign in");
        Measure("one long word of dashes", redactor, megabytes, i => string.Concat(Enumerable.Repeat("eyJabcdefgh-token-", 3640)));
        return 0;
    }

    private static string Secret(int i) => Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData([(byte)(i % Secrets)]));

    private static void Measure(string what, Redactor redactor, int megabytes, Func<int, string> line)
    {
        var lines = Enumerable.Range(0, 1000).Select(line).ToArray();
        if (lines[0].Length > 10_000) lines = lines[..8];
        foreach (var one in lines) redactor.Now.Apply(one);
        var stream = new LineRedactor(redactor);
        var (from, done) = (Stopwatch.GetTimestamp(), 0L);
        for (var i = 0; done < (long)megabytes << 20; i++)
        {
            var one = lines[i % lines.Length];
            stream.Apply(one);
            done += one.Length;
        }

        Console.WriteLine($"{what}: {done / Stopwatch.GetElapsedTime(from).TotalSeconds / (1 << 20):0} MB/s");
    }
}
