using System.Text;
using Ampx.Core.Ci;

namespace Ampx.Tests.Ci;

/// <summary>
/// Job logs in <c>Samples/</c>: what the tools really printed for a project of a few hundred tests or files with one fault, in what GitHub puts around it.
/// Only <c>docker-build</c> is put together, from BuildKit's plain progress and pytest's real output.
/// </summary>
internal static class RealLogs
{
    /// <summary>Name, the step's command, what the excerpt must show and must not (parts of it, separated by <c>¦</c>), what the cause must contain.</summary>
    public static readonly (string Name, string Command, string Shows, string Hides, string Cause)[] All =
    [
        ("xunit", "dotnet test App.Tests --logger \"console;verbosity=normal\"",
            "App.Tests.PricesTests.Adds_tax_to_the_total_of_an_order [FAIL]¦Expected: 119¦Actual:   118¦PricesTests.cs:line 193¦Failed: 1", "Never_fails_with_an_error(net: 100)", "Adds_tax_to_the_total_of_an_order: Assert.Equal() Failure: Values differ (Expected: 119, Actual: 118)"),
        ("msbuild", "dotnet build --nologo",
            "Part41.cs(7,34): error CS0103: The name 'nett' does not exist in the current context¦1 Error(s)", "", "Part41.cs(7,34): error CS0103: The name 'nett' does not exist"),
        ("pytest", "pytest -v --color=yes tests",
            "test_a_large_discount_is_exact¦>       assert basket.discounted(60) == 20¦E       assert 21 == 20¦tests/test_orders.py:20: AssertionError¦1 failed, 215 passed", "test_total_grows_with_count[20]", "test_a_large_discount_is_exact: assert 21 == 20"),
        ("jest", "npm run test:jest",
            "● prices › adds tax to the total of an order¦-   \"gross\": 238,¦+   \"gross\": 236,¦jest/prices.test.js:54:26¦1 failed, 120 passed", "keeps the sum right for 7 lines", "prices › adds tax to the total of an order: expect(received).toEqual(expected)"),
        ("vitest", "npm run test:vitest",
            "vitest/prices.test.mjs > prices > adds tax to the total of an order¦expected { net: 200, tax: 36, gross: 236 } to deeply equal { net: 200, tax: 38, gross: 238 }¦❯ vitest/prices.test.mjs:56:26¦1 failed | 120 passed", "keeps the sum right for 7 lines", "expected { net: 200, tax: 36, gross: 236 } to deeply equal"),
        ("mocha", "npm run test:mocha",
            "1) prices¦adds tax to the total of an order¦Expected values to be strictly deep-equal¦-  \"gross\": 236¦+  \"gross\": 238¦mocha/prices.spec.js:5¦1 failing", "keeps the sum right for 7 lines", "Expected values to be strictly deep-equal"),
        ("go", "go test -v ./...",
            "--- FAIL: TestGrossOfAnOrder/hundred¦prices_test.go:26: Gross(100) = 118, want 119¦FAIL\texample.com/app/prices", "fails_never_20", "Gross(100) = 118, want 119"),
        ("cargo", "cargo test --color always",
            "---- tests::adds_tax_to_an_order stdout ----¦src/lib.rs:¦assertion `left == right` failed: tax of an order of 100¦left: 118¦right: 119¦200 passed; 1 failed", "grows_50 ... ok", "tests::adds_tax_to_an_order: assertion `left == right` failed: tax of an order of 100 (left: 118, right: 119)"),
        ("maven", "mvn -B -ntp test",
            "PricesTest.addsTaxToAnOrder¦gross of 100 ==> expected: <119> but was: <118>¦PricesTest.java:61¦Tests run: 441, Failures: 1", "handled error 1 of Module20", "expected: <119> but was: <118>"),
        ("maven-javac", "mvn -B -ntp clean compile", "Shop.java:[5,22] cannot find symbol¦variable nett¦BUILD FAILURE", "", "Shop.java:[5,22] cannot find symbol"),
        ("gradle", "gradle --console=plain test",
            "com.example.PricesTest > addsTaxToAnOrder FAILED¦gross of 100 expected:<119> but was:<118>¦PricesTest.java:159¦* What went wrong:", "CartTest > neverFails7 PASSED", "addsTaxToAnOrder: AssertionError: gross of 100 expected:<119> but was:<118>"),
        ("rspec", "bundle exec rspec --format documentation --force-color",
            "Failure/Error: expect(Shop.gross(100)).to eq(119)¦expected: 119¦got: 118¦prices_spec.rb:¦161 examples, 1 failure", "never raises an error for 20", "expect(Shop.gross(100)).to eq(119) (expected: 119, got: 118)"),
        ("tsc", "npm run build", "src/module37.ts(5,9): error TS2322: Type 'number' is not assignable to type 'string'¦module37.ts(6,10): error TS2362", "src/module10.ts", "src/module37.ts(5,9): error TS2322"),
        ("tsc-pretty", "npx tsc --noEmit --pretty", "src/module37.ts:5:9 - error TS2322¦const total: string = order.total;¦Found 2 errors", "", "error TS2322: Type 'number' is not assignable"),
        ("eslint", "npm run lint", "/home/runner/work/app/app/lint/module37.js¦'retries' is assigned a value but never used¦Expected '===' and instead saw '=='¦'undefinedThing' is not defined¦63 problems (3 errors, 60 warnings)", "", "'retries' is assigned a value but never used"),
        ("make-gcc", "make all", "part077.c:5:17: error: ‘nett’ undeclared¦make: *** [Makefile:9: part077.o] Error 1", "part020.c", "part077.c:5:17: error: ‘nett’ undeclared"),
        ("make-check", "make check", "check_tax: gross of 100: expected 119 but was 118¦1 of 151 checks did not hold¦make: ***", "with 60 lines", "expected 119 but was 118"),
        ("python", "python main.py", "Traceback (most recent call last):¦main.py\", line 14, in main¦return config[\"timeout\"]¦KeyError: 'timeout'", "step 100:", "KeyError: 'timeout'"),
        ("npm-ci", "npm ci", "npm error code EUSAGE¦can only install with an existing package-lock.json", "", "npm error code EUSAGE"),
        ("segfault", "./crash", "Segmentation fault¦exit code 139", "", "Segmentation fault"),
        ("killed", "./import.sh", "Killed¦exit code 137", "region 60/150", "Killed"),
        ("docker-build", "docker build --progress plain .", "E       assert 21 == 20¦tests/test_orders.py:20: AssertionError¦>>> RUN pytest -v tests¦did not complete successfully: exit code: 1", "Collecting package-da", "test_a_large_discount_is_exact: assert 21 == 20"),
    ];

    /// <summary>The log as it came.</summary>
    public static Stream Open(string name) =>
        typeof(RealLogs).Assembly.GetManifestResourceStream($"Ci/Samples/{name}") ?? throw new FileNotFoundException($"no sample {name}");

    /// <summary>What is left of it.</summary>
    public static async Task<FeedbackExcerpt> Read(string name, int budget)
    {
        await using var log = Open(name);
        var excerpt = new FeedbackExcerpt(budget);
        await excerpt.Read(log);
        return excerpt;
    }

    /// <summary>All of it.</summary>
    public static string Text(string name)
    {
        using var log = new StreamReader(Open(name), Encoding.UTF8);
        return log.ReadToEnd();
    }
}
