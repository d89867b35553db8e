using System.Text.RegularExpressions;

namespace Ampx.Core.Ci;

/// <summary>The forms themselves, one for each tool or habit.</summary>
internal static partial class ErrorLines
{
    [GeneratedRegex(@"\b0 (errors?|failed|failures?|failing)\b(?!.*\b[1-9]\d* (errors?|failed|failures?|failing)\b)|\b(errors?|failed|failures?): 0\b(?!.*\b(errors?|failed|failures?): *[1-9])|^\s*(npm|yarn) warn|^##\[(group|command|debug|endgroup|warning|notice)\]|no errors? found|continue-on-error|fail-fast", RegexOptions.IgnoreCase)]
    private static partial Regex NoError();

    [GeneratedRegex(@"^##\[error\](?<exit>Process completed with exit code \d+|The operation was canceled)|\bexited with (exit )?(code|status) [1-9]|exit code:? [1-9]\d*\b")]
    private static partial Regex ExitCode();

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

    [GeneratedRegex(@"^\s*(?<says>(?:\S.*?)?\berror [A-Z]{1,10}\d{1,6}\s?:.+?)(?: \[[^\]]+proj\])?$")]
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

    [GeneratedRegex(@"(?<says>undefined reference to .+|\bld(?:\.\w+)?: .+|Undefined symbols.+)")]
    private static partial Regex Linker();

    [GeneratedRegex(@"^\s*(?:Failed!|Tests?:? .*\d failed|Tests run: .*(?:Failures|Errors): [1-9]|test result: FAILED|=+ .*\d (?:failed|errors?).* =+|FAIL\b|✖ \d+ problems?|\d+ failing|\d+ examples?, [1-9]\d* failures?|failures:|=+ (?:FAILURES|ERRORS|short test summary info) =+|Found \d+ errors?|Test Files .*failed|[1-9]\d* runs?, .* [1-9]\d* failures)", RegexOptions.IgnoreCase)]
    private static partial Regex Summary();

    [GeneratedRegex(@"^(?:\s*|.*\bUnhandled exception\.? ?|Uncaught |Caused by: |Exception in thread .* )(?<says>(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Failure)\b(?:\s\[\w+\])?: .+)|^\s*(?<says>Unhandled exception.+)")]
    private static partial Regex Uncaught();

    [GeneratedRegex(@"^(?<says>.*(?:: command not found|: not found$|: No such file or directory|: Permission denied).*)|(?<says>\bSegmentation fault.*|\bKilled(?:\s{3,}.*)?$|.*\b(?:out of memory|OOMKilled)\b.*|\bfatal: .+|npm (?:ERR!|error) .+|\bERR_\w+ .+|Cannot find module .+)")]
    private static partial Regex Shell();

    [GeneratedRegex(@"^\s*(?:[-+] )?(?<says>(?:Expected|Actual|Received|Got|Left|Right|Want)(?: \w+)?\s*:\s*\S.*)", RegexOptions.IgnoreCase)]
    private static partial Regex Expectation();

    [GeneratedRegex(@"\b(?:errors?|fail(?:ed|ure|ures|s)?|exception|panic(?:ked)?|fatal|timed out)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Anything();

    [GeneratedRegex(@"^\s+at .+[:(]|^\s+at [\w.<>$]+|^\s+File "".+"", line \d+|^\s+\d+: +0x|^\s+(?:\S+/)+\S+\.go:\d+ \+0x|^\s*# \./.+:\d+:in ")]
    private static partial Regex Frame();

    [GeneratedRegex(@"^(?:#\d+ (?:\d+\.\d+ )?|\d+\.\d{3} (?=\S| )|[\w.-]+-\d+\s+\| |\[xUnit\.net [\d:.]+\]\s+)")]
    private static partial Regex Prefix();

    /// <summary>A test that passed may speak of errors in its name.</summary>
    [GeneratedRegex(@"^\s*(?:[✓✔√] |Passed |PASS\b|--- PASS:|=== RUN|ok \d+ |test .+ \.\.\. ok$)|\bPASSED\b")]
    private static partial Regex Passing();

    [GeneratedRegex(@"^Traceback \(most recent call last\)")]
    private static partial Regex Traceback();

    [GeneratedRegex(@"^\s*\d+ \| >>> .+|^ERROR: (?<says>failed to .+|process .+ did not complete successfully.*)")]
    private static partial Regex Docker();
}
