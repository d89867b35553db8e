using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Ampx.Silo.Git.Guarding;

/// <summary>The marks that keep tests from being run, by the languages and test frameworks that have them.</summary>
internal static partial class SkipMarks
{
    /// <summary>Milliseconds for one line: a hostile one may not hold the worker up.</summary>
    private const int Patience = 1000;

    private static readonly FrozenDictionary<string, Regex> ByExtension = new (string Extensions, Regex Marks)[]
    {
        (".cs .fs .vb", DotNet()),
        (".java .kt .kts .groovy .scala", Jvm()),
        (".py", Python()),
        (".js .jsx .mjs .cjs .ts .tsx .mts .cts .vue .svelte .coffee", JavaScript()),
        (".go", Go()),
        (".rs", Rust()),
        (".rb", Ruby()),
        (".php", Php()),
        (".swift .m .mm", Swift()),
        (".ex .exs", Elixir()),
        (".dart", Dart()),
        (".c .cc .cpp .cxx .h .hh .hpp", Cpp()),
        (".bats .sh", Shell()),
        (".feature", Gherkin()),
    }.SelectMany(row => row.Extensions.Split(' ').Select(extension => (extension, row.Marks))).ToFrozenDictionary(row => row.extension, row => row.Marks, StringComparer.OrdinalIgnoreCase);

    /// <summary>The file is of a language whose marks are known.</summary>
    public static bool AreKnownFor(string path) => ByExtension.ContainsKey(Path.GetExtension(path));

    /// <exception cref="RegexMatchTimeoutException">The line is made to take forever.</exception>
    public static bool IsIn(string line, string path) => ByExtension.TryGetValue(Path.GetExtension(path), out var marks) && marks.IsMatch(line);

    // xUnit, NUnit, MSTest.
    [GeneratedRegex(@"\bSkip(When|Unless|Type)?\s*=(?!=)|\bIgnore(Reason)?\s*=(?!=)|[\[<,]\s*(\w+\s*\.\s*){0,4}(Ignore|Explicit)(Attribute)?\s*[\](,>]|\bAssert\s*\.\s*(Skip(When|Unless)?|Ignore|Inconclusive)\s*\(|\bSkip\s*\.\s*If", RegexOptions.None, Patience)]
    private static partial Regex DotNet();

    // JUnit, TestNG, kotlin.test, Kotest, Spock, ScalaTest.
    [GeneratedRegex(@"@\s*(\w+\s*\.\s*){0,6}(Disabled\w*|Ignore\w*|PendingFeature)\b|\benabled\s*=\s*false\b|\bSkipException\b|(?<![\w.])(xit|xtest|xdescribe|xcontext|xshould|ignore|pending)\s*[({""]", RegexOptions.None, Patience)]
    private static partial Regex Jvm();

    // pytest, unittest, nose.
    [GeneratedRegex(@"\bmark\s*\.\s*(skip|skipif|xfail)\b|\bpytest\s*\.\s*(skip|xfail)\s*\(|@\s*(\w+\s*\.\s*){0,2}(skip|skipIf|skipUnless|expectedFailure)\b|\bskipTest\s*\(|\bSkipTest\b|\b__test__\s*=\s*False\b|\bcollect_ignore(_glob)?\b", RegexOptions.None, Patience)]
    private static partial Regex Python();

    // jest, mocha, vitest, jasmine, Playwright, Cypress, AVA, node:test. What runs only itself skips the others.
    [GeneratedRegex(@"(?<![\w$.])(it|test|describe|context|suite|specify|bench|t|this)(\s*\.\s*\w+){0,4}(\s*\([^()]*\))?\s*\.\s*(skip|skipIf|runIf|only|todo|fixme|fails|failing)\b|\.\s*only\s*\(|(?<![\w$.])[xf](it|test|describe|context|specify)\s*(\.\s*\w+\s*)?[(`]|\[\s*['""](skip|only)['""]\s*\]|\b(skip|todo|only)\s*:\s*(true|['""`])|(?<![\w$.])pending\s*\(", RegexOptions.None, Patience)]
    private static partial Regex JavaScript();

    // testing, testify, Ginkgo.
    [GeneratedRegex(@"\.\s*Skip(f|Now)?\s*\(|(?<![\w.])Skip\s*\(|(?<![\w.])[PXF](It|Describe|DescribeTable|Context|When|Entry|Specify)\s*\(|^\s*//\s*(go:build|\+build)\s+ignore\b", RegexOptions.None, Patience)]
    private static partial Regex Go();

    [GeneratedRegex(@"#\s*!?\s*\[\s*(ignore\b|cfg_attr\s*\([^\]]{0,200}\bignore\b)", RegexOptions.None, Patience)]
    private static partial Regex Rust();

    // RSpec, minitest.
    [GeneratedRegex(@"(^|[{;]|\bdo\b|\bthen\b)\s*(x(it|describe|context|specify|example|scenario|feature)|f(it|describe|context|specify|example|scenario|feature)|skip|pending)\b(?!\s*[=.:])|\b(skip|pending|focus)\s*:\s*(true|['""])|:(skip|pending|focus)\b", RegexOptions.None, Patience)]
    private static partial Regex Ruby();

    // PHPUnit, Pest.
    [GeneratedRegex(@"\bmarkTest(Skipped|Incomplete)\b|->\s*(skip\w*|todo|only)\s*\(", RegexOptions.None, Patience)]
    private static partial Regex Php();

    // XCTest, Swift Testing.
    [GeneratedRegex(@"\bXCTSkip(If|Unless)?\b|\bXCTExpectFailure\b|[(,]\s*\.(disabled|enabled)\b", RegexOptions.None, Patience)]
    private static partial Regex Swift();

    [GeneratedRegex(@"@(tag|moduletag|describetag)\s*\(?\s*(:skip\b|skip:|:pending\b|pending:)", RegexOptions.None, Patience)]
    private static partial Regex Elixir();

    [GeneratedRegex(@"\b(skip|solo)\s*:|@Skip\b", RegexOptions.None, Patience)]
    private static partial Regex Dart();

    // GoogleTest, Catch2, doctest, Boost.Test.
    [GeneratedRegex(@"\bGTEST_SKIP\b|\bDISABLED_\w|""[^""]*\[(!shouldfail|!mayfail|\.\w*)\]|(?<![\w.])SKIP\s*\(|\bdoctest::(skip|should_fail|may_fail)\b|\bdisabled\s*\(\s*\)", RegexOptions.None, Patience)]
    private static partial Regex Cpp();

    // bats, shunit2.
    [GeneratedRegex(@"(^|;|&&|\|\||\bthen\b)\s*(skip\b(?!=)|startSkipping\b)", RegexOptions.None, Patience)]
    private static partial Regex Shell();

    [GeneratedRegex(@"(^|\s)@(ignore|skip|wip|pending)\b", RegexOptions.IgnoreCase, Patience)]
    private static partial Regex Gherkin();
}
