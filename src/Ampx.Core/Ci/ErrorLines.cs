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
    /// <summary>Cheap: a line with none of these words is no error. Most lines end here.</summary>
    private static readonly SearchValues<string> Words = SearchValues.Create(
        ["error", "fail", "assert", "panic", "expected", "exception", "traceback", "not ok", "undefined", "not found", "no such", "exit code", "***",
            ".go:", "fatal", "segmentation", "killed", "caused by", "what went wrong", "unresolved",
            "got:", "left:", "right:", "received:", "actual:", "____", "timed out", "---- ", "cannot", "denied"],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>Marks that runners put before what failed; told apart from the words because mixing both would slow the search down.</summary>
    private static readonly SearchValues<char> Marks = SearchValues.Create("●✕✗✖×");

    private static bool MayTell(ReadOnlySpan<char> line) =>
        line.ContainsAny(Words) || line.ContainsAny(Marks) || line.StartsWith("E  ", StringComparison.Ordinal)
        || (line.Length > 3 && line[0] == ' ' && line.IndexOf(") ") is > 1 and < 8);

    /// <summary>Characters of a line that are looked at: as many as can be shown.</summary>
    private const int Looked = 1000;

    private sealed record Rule(Regex Form, int Weight, int After);

    /// <summary>Read from the top; the first that fits decides. Groups: <c>test</c> and <c>says</c>.</summary>
    private static readonly Rule[] Rules =
    [
        // GitHub's own.
        new(ExitCode(), 50, 0),
        new(Annotation(), 92, 2),

        // Tests that failed, by name.
        new(DotnetTest(), 95, 14),      // dotnet test, xunit, NUnit, Microsoft.Testing.Platform
        new(GoTest(), 95, 12),
        new(CargoTest(), 95, 12),
        new(PytestTest(), 95, 6),
        new(JsTest(), 95, 16),          // jest, vitest, mocha, node:test
        new(JavaTest(), 95, 10),        // maven surefire, gradle
        new(RubyTest(), 95, 14),        // rspec, minitest
        new(Numbered(), 88, 12),        // rspec and mocha: "  1) Calculator adds"

        // What went wrong in one.
        new(PytestSays(), 100, 4),
        new(GoPanic(), 98, 10),
        new(RustPanic(), 98, 6),
        new(Asserted(), 100, 8),
        new(GoSays(), 99, 4),

        // Compilers and linters.
        new(CompilerCode(), 94, 1),     // csc, MSBuild, tsc, MSVC
        new(CompilerAt(), 94, 4),       // gcc, clang, javac, kotlinc, swiftc
        new(RustError(), 94, 8),
        new(EslintError(), 93, 0),
        new(GoVet(), 93, 0),

        // Build tools.
        new(Maven(), 80, 2),
        new(Gradle(), 85, 5),
        new(Make(), 70, 1),
        new(Linker(), 90, 1),

        // Summaries and whatever calls itself an error.
        new(Summary(), 85, 3),
        new(Uncaught(), 96, 10),
        new(Shell(), 84, 1),
        new(Expectation(), 97, 2),
        new(Anything(), 55, 2),
    ];

    /// <summary>What <paramref name="line"/> (cleaned) says.</summary>
    public static Sign Read(ReadOnlySpan<char> line)
    {
        if (line.Length > Looked) line = line[..Looked];
        if (line.IsEmpty || !MayTell(line) || NoError().IsMatch(line)) return default;
        foreach (var rule in Rules)
        {
            if (!rule.Form.IsMatch(line)) continue;
            // Groups need a string; few lines come this far.
            var match = rule.Form.Match(line.ToString());
            return new Sign(rule.Weight, rule.After, Text(match.Groups["test"]), Text(match.Groups["says"]));
        }

        return default;
    }

    /// <summary>A frame of a stack trace: a few of them tell enough.</summary>
    public static bool IsFrame(ReadOnlySpan<char> line) => Frame().IsMatch(line);

    /// <summary>Compares two values: the line after "assertion failed" that says what was expected.</summary>
    public static bool IsValue(ReadOnlySpan<char> line) => Expectation().IsMatch(line);

    private static string? Text(Group group) => group is { Success: true, ValueSpan: var text } && !text.Trim().IsEmpty ? text.Trim().ToString() : null;

    [GeneratedRegex(@"\b0 (errors?|failed|failures?|failing)\b(?!.*\b[1-9]\d* (errors?|failed|failures?|failing)\b)|\b(errors?|failed|failures?): *0\b(?!.*\b(errors?|failed|failures?): *[1-9])|^\s*(npm|yarn) warn|^##\[(group|command|debug|endgroup)\]|no errors? found|continue-on-error|fail-fast|if-no-files-found", RegexOptions.IgnoreCase)]
    private static partial Regex NoError();

    [GeneratedRegex(@"^##\[error\](?<exit>Process completed with exit code \d+|The operation was canceled)|\bexited with (exit )?(code|status) [1-9]|exit code:? [1-9]\d*\b")]
    private static partial Regex ExitCode();

    [GeneratedRegex(@"^##\[error\](?<says>.+)")]
    private static partial Regex Annotation();

    [GeneratedRegex(@"^\s*(?:\[xUnit\.net [\d:.]+\]\s+(?<test>\S.*?) \[FAIL\]|(?:Failed|failed|\[FAIL\]) (?<test>[A-Za-z_][^\s:]*(?:\(.*\))?) (?:\[[^\]]*\d m?s\]|\(\d.*m?s\))|(?<test>[A-Za-z_]\S*\.\S.*) \[FAIL\])\s*$")]
    private static partial Regex DotnetTest();

    [GeneratedRegex(@"^\s*--- FAIL: (?<test>\S+)")]
    private static partial Regex GoTest();

    [GeneratedRegex(@"^\s*(?:test (?<test>\S+) \.\.\. FAILED|---- (?<test>\S+) stdout ----|(?:FAIL|TIMEOUT) \[[^\]]*s\]\s+(?<test>\S.*))\s*$")]
    private static partial Regex CargoTest();

    [GeneratedRegex(@"^(?:(?:FAILED|ERROR) (?<test>\S+(?:::\S+)+)(?: - (?<says>.+))?|_{3,} (?:ERROR (?:at|collecting).* )?(?<test>[\w\[\]\.\-/ ]+?) _{3,}|(?:FAIL|ERROR): (?<test>test\w* \(.+\)))\s*$")]
    private static partial Regex PytestTest();

    [GeneratedRegex(@"^\s*(?:● (?!Console)(?<test>.+)|(?:✕|✗|✖|×) (?<test>(?!\d+ problem|failing tests)\S.*?)(?: \(?\d+(?:\.\d+)? ?ms\)?)?|FAIL +(?<test>\S+\.[cm]?[jt]sx?(?: > .+)?)(?: \[.*\])?|not ok \d+ -? ?(?<test>.+))\s*$")]
    private static partial Regex JsTest();

    [GeneratedRegex(@"^(?:\[ERROR\] +)?(?<test>[\w.$]+(?:[.#>] ?[\w$]+(?:\(.*?\))?)?)(?:\(\))? .*(?:<<< (?:FAILURE|ERROR)!)|^(?<test>[\w.$]+ > .+?) FAILED\s*$|^\[ERROR\] +(?<test>[\w.$]+\.\w+):\d+ (?:»|->)? ?(?<says>.+)")]
    private static partial Regex JavaTest();

    [GeneratedRegex(@"^\s*Failure/Error: (?<says>.+)|^rspec \S+ # (?<test>.+)|^(?<test>\w+#test_\w+) \[.*\]:$|^\s*(?:Failure|Error):\s*$")]
    private static partial Regex RubyTest();

    [GeneratedRegex(@"^\s{1,4}\d+\) (?<test>\S.*)$")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^E {2,}(?<says>\S.*)")]
    private static partial Regex PytestSays();

    [GeneratedRegex(@"^(?<says>panic: .+|fatal error: (?:all goroutines|concurrent).*)")]
    private static partial Regex GoPanic();

    [GeneratedRegex(@"^\s*thread '.*' (?:\(\d+\) )?(?<says>panicked at .+)")]
    private static partial Regex RustPanic();

    [GeneratedRegex(@"(?<says>\bAssert\.\w+\(?\)? Failure.*|\bassertion `.+` failed.*|\bassertion failed:.*|\bAssertionError\b.*|\bAssertionFailedError\b.*|\bAssertionFailedException\b.*|expect\(.*\)\.\w.*|\bexpected:? ?.+ (?:but was|but got|but found|to (?:be|equal|deeply equal|include|have|match|contain|throw|strictly equal))\b.*|Expected values to be .*|\bAssertion failed\b.*)", RegexOptions.IgnoreCase)]
    private static partial Regex Asserted();

    [GeneratedRegex(@"^\s+\w[\w.-]*_test\.go:\d+: ?(?<says>.*)")]
    private static partial Regex GoSays();

    [GeneratedRegex(@"(?<says>\b(?:[\w./\\@+-]+\s?\(\d+(?:,\d+)*\)|[\w./\\@+-]+:\d+:\d+)\s?[:-] (?:fatal )?error [A-Z]{1,10}\d+:.+?)(?: \[[^\]]+proj\])?$|(?<says>\b(?:fatal )?error (?:[A-Z]{2,8}\d{2,6})\s?:.+?)(?: \[[^\]]+proj\])?$")]
    private static partial Regex CompilerCode();

    [GeneratedRegex(@"^(?<says>(?:\[ERROR\] |e: )?\S+?\.\w+:(?:\[?\d+[,:]?\]?)+(?::\d+)?:? (?:fatal )?error:? .+)$|^(?<says>e: \S+:\d+:\d+ .+)$|^(?<says>\[ERROR\] \S+\.\w+:\[\d+,\d+\] .+)$")]
    private static partial Regex CompilerAt();

    [GeneratedRegex(@"^(?<says>error(?:\[E\d+\])?: (?!test failed|could not compile|aborting).+)")]
    private static partial Regex RustError();

    [GeneratedRegex(@"^\s+\d+:\d+\s+error\s+(?<says>\S.*)$")]
    private static partial Regex EslintError();

    [GeneratedRegex(@"^(?:vet: )?(?<says>\.{0,2}/?\S+\.go:\d+:\d+: .+)")]
    private static partial Regex GoVet();

    [GeneratedRegex(@"^\[ERROR\] (?!Tests run|\s*$|To see|Re-run|For more|\[Help|Please refer|->)(?<says>.+)|BUILD FAILURE")]
    private static partial Regex Maven();

    [GeneratedRegex(@"^(?:FAILURE: Build failed|\* What went wrong:|> Task \S+ FAILED|Execution failed for task)")]
    private static partial Regex Gradle();

    [GeneratedRegex(@"^(?<says>g?make(?:\[\d+\])?: \*\*\* .+)")]
    private static partial Regex Make();

    [GeneratedRegex(@"(?<says>undefined reference to .+|ld(?:\.\w+)?: .+|Undefined symbols.+)")]
    private static partial Regex Linker();

    [GeneratedRegex(@"^\s*(?:Failed!|Tests?:? .*\d failed|Tests run: .*(?:Failures|Errors): [1-9]|test result: FAILED|=+ .*\d (?:failed|errors?).* =+|FAIL\b|✖ \d+ problems?|\d+ failing|\d+ examples?, [1-9]\d* failures?|failures:|=+ (?:FAILURES|ERRORS|short test summary info) =+|Found \d+ errors?|Test Files .*failed|[1-9]\d* runs?, .* [1-9]\d* failures)", RegexOptions.IgnoreCase)]
    private static partial Regex Summary();

    [GeneratedRegex(@"^(?:\s*|.*\bUnhandled exception\.? ?|Uncaught |Caused by: |Exception in thread .* )(?<says>(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Failure)\b(?:\s\[\w+\])?: .+)|^(?<says>Traceback \(most recent call last\))|^\s*(?<says>Unhandled exception.+)")]
    private static partial Regex Uncaught();

    [GeneratedRegex(@"(?<says>\S+: command not found|.*: not found$|.*: No such file or directory|Segmentation fault.*|.*: Permission denied|\bKilled$|fatal: .+|npm (?:ERR!|error) .+|ERR_\w+ .+|Cannot find module .+)")]
    private static partial Regex Shell();

    [GeneratedRegex(@"^\s*(?:[-+] )?(?<says>(?:Expected|Actual|Received|Got|Left|Right|Want)(?: \w+)?\s*:\s*\S.*)", RegexOptions.IgnoreCase)]
    private static partial Regex Expectation();

    [GeneratedRegex(@"(?<says>.*\b(?:errors?|fail(?:ed|ure|ures|s)?|exception|panic(?:ked)?|fatal|timed out)\b.*)", RegexOptions.IgnoreCase)]
    private static partial Regex Anything();

    [GeneratedRegex(@"^\s+at .+[:(]|^\s+at [\w.<>$]+|^\s+File "".+"", line \d+|^\s+\d+: +0x|^\s+(?:\S+/)+\S+\.go:\d+ \+0x|^\s*# \./.+:\d+:in ")]
    private static partial Regex Frame();
}
