using System.Buffers;
using System.Text.RegularExpressions;

namespace Ampx.Core.Ci;

/// <summary>What a log line means to somebody who looks for the cause.</summary>
/// <param name="Weight">How much it tells: 100 an assertion, 90 a compiler's error or a failed test's name, 60 a mere "error"; 0 nothing.</param>
/// <param name="After">Lines after it that belong to it.</param>
/// <param name="Test">The failed test that it names.</param>
/// <param name="Says">What went wrong, where the line says it.</param>
internal readonly record struct Sign(int Weight, int After, string? Test = null, string? Says = null);

/// <summary>Knows errors when it sees them: those of test runners, compilers and shells, as their output has them.</summary>
internal static partial class ErrorLines
{
    /// <summary>Cheap: a line with none of these words is no error. Most lines end here. In eights, because .NET searches for eight words many times faster than for nine.</summary>
    private static readonly SearchValues<string>[] Words =
    [
        AnyCase("error", "fail", "assert", "panic", "expected", "exception", "traceback", "fatal"),
        AnyCase("not ok", "not found", "no such", "exit code", "caused by", "timed out", "went wrong", "undefined"),
        AnyCase("segmentation", "killed", "unresolved", "cannot", "denied", "***", "____", "---- "),
        AnyCase(".go:", "got:", "left:", "right:", "received:", "actual:", "want:", ">>> "),
        AnyCase("core dumped", "out of memory", "oomkilled", "allocate memory", "aborted", "unhandled", "rejected", "invalid"),
    ];

    /// <summary>Marks that runners put before what failed; told apart from the words because mixing both would slow the search down.</summary>
    private static readonly SearchValues<char> Marks = SearchValues.Create("●✕✗✖×");

    private static bool MayTell(ReadOnlySpan<char> line)
    {
        foreach (var eight in Words)
        {
            if (line.ContainsAny(eight)) return true;
        }

        return line.ContainsAny(Marks) || line.StartsWith("E  ", StringComparison.Ordinal)
            || (line.Length > 3 && line[0] == ' ' && line.IndexOf(") ") is > 1 and < 8);
    }

    /// <summary>Characters of a line that are looked at: as many as can be shown.</summary>
    private const int Looked = 1000;

    /// <summary>How GitHub marks an error.</summary>
    public const string Told = "##[error]";

    /// <summary>A form that lines of one kind have.</summary>
    /// <param name="Needs">What the line must contain for <paramref name="Form"/> to be tried: forms that aren't bound to the line's beginning are slow, and most lines with one of the <see cref="Words"/> are no errors.</param>
    private sealed record Rule(Regex Form, int Weight, int After, SearchValues<string>? Needs = null)
    {
        /// <summary>The whole line tells what went wrong.</summary>
        public bool SaysAll { get; init; }

        public bool NamesTest { get; } = Form.GetGroupNames().Contains("test");
        private readonly bool _says = Form.GetGroupNames().Contains("says");

        public bool Fits(ReadOnlySpan<char> line) => (Needs is null || line.ContainsAny(Needs)) && Form.IsMatch(line);

        public Sign Read(string line)
        {
            var groups = Form.Match(line).Groups;
            return new(Weight, After, NamesTest ? Text(groups["test"]) : null, SaysAll ? line.Trim() : _says ? Text(groups["says"]) : null);
        }
    }

    private static SearchValues<string> AnyOf(params ReadOnlySpan<string> words) => SearchValues.Create(words, StringComparison.Ordinal);

    private static SearchValues<string> AnyCase(params ReadOnlySpan<string> words) => SearchValues.Create(words, StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> NoErrorNeeds = AnyCase("0 err", "0 fail", ": 0", " warn", "##[", "no error", "continue-on", "fail-fast");

    /// <summary>Read from the top; the first that fits decides. Groups: <c>test</c> and <c>says</c>.</summary>
    private static readonly Rule[] Rules =
    [
        // GitHub's own.
        new(ExitCode(), 50, 0, AnyOf("##[error]", "exited with", "exit code")),

        // Tests that failed, by name.
        new(DotnetTest(), 95, 14, AnyOf("[FAIL]", "ailed ")),   // dotnet test, xunit, NUnit, Microsoft.Testing.Platform
        new(GoTest(), 95, 12),
        new(CargoTest(), 95, 12),
        new(PytestTest(), 95, 6),
        new(JsTest(), 95, 26),          // jest, vitest, mocha, node:test
        new(JavaTest(), 95, 10, AnyOf("<<<", " FAILED", "[ERROR]")),    // maven surefire, gradle
        new(RubyTest(), 95, 14),        // rspec, minitest
        new(Numbered(), 88, 12),        // rspec and mocha: "  1) Calculator adds"

        // What went wrong in one.
        new(PytestSays(), 100, 4),
        new(GoPanic(), 98, 10),
        new(RustPanic(), 98, 6),
        new(Asserted(), 100, 18, AnyCase("assert", "expect(", "expected")),
        new(GoSays(), 99, 4),

        // Compilers and linters.
        new(CompilerCode(), 94, 1, AnyOf("error ")),     // csc, MSBuild, tsc, MSVC
        new(CompilerAt(), 94, 4, AnyOf(" error", "e: ", "[ERROR]")),       // gcc, clang, javac, kotlinc, swiftc
        new(RustError(), 94, 8),
        new(EslintError(), 93, 0),
        new(GoVet(), 93, 0, AnyOf(".go:")),

        // Build tools.
        new(Maven(), 80, 2, AnyOf("[ERROR]", "BUILD FAILURE")),
        new(Gradle(), 85, 5),
        new(Make(), 70, 1),
        new(Linker(), 90, 1, AnyOf("undefined reference", "ld: ", "ld.", "Undefined symbols")),

        // Summaries and whatever calls itself an error.
        new(Summary(), 85, 3),
        new(Docker(), 86, 2, AnyOf(">>> ", "ERROR: ")),
        new(Traceback(), 86, 12),
        new(Uncaught(), 96, 10, AnyOf("Error", "Exception", "Failure", "Unhandled")),
        new(Shell(), 84, 1, AnyOf("not found", "No such file", "Segmentation fault", "ermission denied", "Killed", "out of memory", "OOMKilled", "fatal: ", "npm ", "ERR_", "annot ")),
        new(Expectation(), 97, 2),
        new(Anything(), 55, 2) { SaysAll = true },
    ];

    /// <summary>What <paramref name="line"/> (cleaned) says.</summary>
    /// <param name="known">What weighs no more need not be told in words.</param>
    public static Sign Read(ReadOnlySpan<char> line, int known = 0)
    {
        if (line.Length > Looked) line = line[..Looked];
        if (line.IsEmpty || !MayTell(line) || (line.ContainsAny(NoErrorNeeds) && NoError().IsMatch(line)) || Passing().IsMatch(line)) return default;
        line = Bare(line);
        if (line.StartsWith(Told, StringComparison.Ordinal) && !ExitCode().IsMatch(line)) return Annotation(line[Told.Length..]);
        foreach (var rule in Rules)
        {
            if (!rule.Fits(line)) continue;
            if (!rule.NamesTest && rule.Weight <= known) return new(rule.Weight, rule.After);
            // Groups need a string; few lines come this far.
            return rule.Read(line.ToString());
        }

        return default;
    }

    /// <summary>Without what BuildKit, Compose and xUnit put before it: <c>#12 3.456 </c>, in its summary <c>3.456 </c>; <c>tests-1  | </c>; <c>[xUnit.net 00:00:01.23] </c>.</summary>
    public static ReadOnlySpan<char> Bare(ReadOnlySpan<char> line)
    {
        if (line.IsEmpty || (line[0] is not ('#' or '[') && !char.IsAsciiLetterOrDigit(line[0]))) return line;
        foreach (var match in Prefix().EnumerateMatches(line)) return line[match.Length..];
        return line;
    }

    /// <summary>What an action or a problem matcher calls an error: the latter put their mark before a tool's own line.</summary>
    private static Sign Annotation(ReadOnlySpan<char> text)
    {
        var sign = Read(text);
        return new(Math.Max(sign.Weight, 92), Math.Max(sign.After, 2), sign.Test, sign.Says ?? (sign.Test is null ? text.Trim().ToString() : null));
    }

    /// <summary>A frame of a stack trace: a few of them tell enough.</summary>
    public static bool IsFrame(ReadOnlySpan<char> line) => Frame().IsMatch(line);

    /// <summary>A test that passed: no part of a failure, whatever stands beside it.</summary>
    public static bool IsPassing(ReadOnlySpan<char> line) => Passing().IsMatch(line);

    /// <summary>Compares two values: the line after "assertion failed" that says what was expected.</summary>
    public static bool IsValue(ReadOnlySpan<char> line) => Expectation().IsMatch(Bare(line));

    private static string? Text(Group group) => group is { Success: true, ValueSpan: var text } && !text.Trim().IsEmpty ? text.Trim().ToString() : null;
}
