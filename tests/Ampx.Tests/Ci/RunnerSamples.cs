namespace Ampx.Tests.Ci;

/// <summary>What test runners, compilers and linters print when something fails, as they print it.</summary>
internal static class RunnerSamples
{
    /// <summary>Name, output, what the excerpt must show (lines of it, separated by <c>|</c>), what the cause must contain.</summary>
    public static readonly (string Runner, string Output, string Shows, string Cause)[] All =
    [
        ("dotnet test, xunit", """
              Determining projects to restore...
              Calc.Tests -> /home/runner/work/calc/calc/bin/Debug/net8.0/Calc.Tests.dll
            Test run for /home/runner/work/calc/calc/bin/Debug/net8.0/Calc.Tests.dll (.NETCoreApp,Version=v8.0)
            Starting test execution, please wait...
            A total of 1 test files matched the specified pattern.
            [xUnit.net 00:00:00.31]     Calc.Tests.CalculatorTests.Adds [FAIL]
              Failed Calc.Tests.CalculatorTests.Adds [9 ms]
              Error Message:
               Assert.Equal() Failure: Values differ
            Expected: 4
            Actual:   3
              Stack Trace:
                 at Calc.Tests.CalculatorTests.Adds() in /home/runner/work/calc/calc/CalculatorTests.cs:line 12
               at System.RuntimeMethodHandle.InvokeMethod(Object target, Void** arguments, Signature sig, Boolean isConstructor)

            Failed!  - Failed:     1, Passed:    41, Skipped:     0, Total:    42, Duration: 61 ms - Calc.Tests.dll (net8.0)
            """, "Calc.Tests.CalculatorTests.Adds [FAIL]|Assert.Equal() Failure: Values differ|Expected: 4|Actual:   3|Failed!  - Failed:     1", "Adds: Assert.Equal() Failure: Values differ (Expected: 4, Actual: 3)"),
        ("Microsoft.Testing.Platform", """
            xUnit.net v3 Microsoft.Testing.Platform Runner v3.0.0 (64-bit .NET 9.0.1)
            failed Calc.Tests.CalculatorTests.Adds (12ms)
              Assert.True() Failure
              Expected: True
              Actual:   False
                at Calc.Tests.CalculatorTests.Adds() in /src/CalculatorTests.cs:18
            Test run summary: Failed! - bin/Debug/net9.0/Calc.Tests.dll (net9.0|x64)
              total: 12
              failed: 1
              succeeded: 11
            """, "failed Calc.Tests.CalculatorTests.Adds|Assert.True() Failure|Actual:   False", "Adds: Assert.True() Failure"),
        ("csc", """
              Determining projects to restore...
              All projects are up-to-date for restore.
            /home/runner/work/calc/calc/Calculator.cs(7,33): error CS1002: ; expected [/home/runner/work/calc/calc/Calc.csproj]

            Build FAILED.

            /home/runner/work/calc/calc/Calculator.cs(7,33): error CS1002: ; expected [/home/runner/work/calc/calc/Calc.csproj]
                0 Warning(s)
                1 Error(s)
            """, "Calculator.cs(7,33): error CS1002: ; expected|Build FAILED.", "Calculator.cs(7,33): error CS1002: ; expected"),
        ("MSBuild", """
            MSBUILD : error MSB1003: Specify a project or solution file. The current working directory does not contain a project or solution file.
            """, "error MSB1003: Specify a project", "error MSB1003: Specify a project or solution file."),
        ("pytest", """
            ============================= test session starts ==============================
            platform linux -- Python 3.12.3, pytest-8.2.0, pluggy-1.5.0
            rootdir: /home/runner/work/calc/calc
            collected 3 items

            tests/test_calc.py .F.                                                   [100%]

            =================================== FAILURES ===================================
            __________________________________ test_adds ___________________________________

                def test_adds():
            >       assert add(1, 2) == 4
            E       assert 3 == 4
            E        +  where 3 = add(1, 2)

            tests/test_calc.py:5: AssertionError
            =========================== short test summary info ============================
            FAILED tests/test_calc.py::test_adds - assert 3 == 4
            ========================= 1 failed, 2 passed in 0.03s ==========================
            """, "E       assert 3 == 4|>       assert add(1, 2) == 4|FAILED tests/test_calc.py::test_adds - assert 3 == 4", "test_adds: assert 3 == 4"),
        ("pytest, collection", """
            ==================================== ERRORS ====================================
            _____________________ ERROR collecting tests/test_calc.py ______________________
            ImportError while importing test module '/home/runner/work/calc/calc/tests/test_calc.py'.
            Traceback:
            /usr/lib/python3.12/importlib/__init__.py:90: in import_module
                return _bootstrap._gcd_import(name[level:], package, level)
            E   ModuleNotFoundError: No module named 'calc'
            =========================== short test summary info ============================
            ERROR tests/test_calc.py
            !!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
            """, "ModuleNotFoundError: No module named 'calc'", "ModuleNotFoundError: No module named 'calc'"),
        ("unittest", """
            .F.
            ======================================================================
            FAIL: test_adds (test_calc.CalcTest.test_adds)
            ----------------------------------------------------------------------
            Traceback (most recent call last):
              File "/home/runner/work/calc/calc/test_calc.py", line 7, in test_adds
                self.assertEqual(add(1, 2), 4)
            AssertionError: 3 != 4

            ----------------------------------------------------------------------
            Ran 3 tests in 0.001s

            FAILED (failures=1)
            """, "FAIL: test_adds|AssertionError: 3 != 4", "AssertionError: 3 != 4"),
        ("jest", """
            FAIL src/calc.test.js
              Calculator
                ✕ adds (4 ms)
                ✓ subtracts (1 ms)

              ● Calculator › adds

                expect(received).toBe(expected) // Object.is equality

                Expected: 4
                Received: 3

                  3 | test('adds', () => {
                > 4 |   expect(add(1, 2)).toBe(4);
                    |                     ^
                  5 | });

                  at Object.toBe (src/calc.test.js:4:21)

            Test Suites: 1 failed, 1 total
            Tests:       1 failed, 1 passed, 2 total
            """, "● Calculator › adds|Expected: 4|Received: 3|Tests:       1 failed", "Calculator › adds: expect(received).toBe(expected) // Object.is equality (Expected: 4, Received: 3)"),
        ("vitest", """
             RUN  v1.6.0 /home/runner/work/calc/calc

             ❯ src/calc.test.ts  (2 tests | 1 failed) 6ms
               ❯ src/calc.test.ts > adds
                 → expected 3 to be 4 // Object.is equality

            ⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

             FAIL  src/calc.test.ts > adds
            AssertionError: expected 3 to be 4 // Object.is equality

            - Expected
            + Received

            - 4
            + 3

             ❯ src/calc.test.ts:5:22

             Test Files  1 failed (1)
                  Tests  1 failed | 1 passed (2)
            """, "FAIL  src/calc.test.ts > adds|AssertionError: expected 3 to be 4", "expected 3 to be 4"),
        ("mocha", """
              Calculator
                1) adds
                ✔ subtracts

              1 passing (5ms)
              1 failing

              1) Calculator
                   adds:

                  AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:

            3 !== 4

                  + expected - actual

                  -3
                  +4

                  at Context.<anonymous> (test/calc.js:6:12)
            """, "AssertionError [ERR_ASSERTION]: Expected values to be strictly equal|3 !== 4", "Expected values to be strictly equal: 3 !== 4"),
        ("node:test", """
            TAP version 13
            # Subtest: adds
            not ok 1 - adds
              ---
              duration_ms: 1.2
              location: '/home/runner/work/calc/calc/calc.test.js:4:1'
              failureType: 'testCodeFailure'
              error: |-
                Expected values to be strictly equal:

                3 !== 4
              code: 'ERR_ASSERTION'
              ...
            1..1
            # fail 1
            """, "not ok 1 - adds|3 !== 4", "adds: Expected values to be strictly equal: 3 !== 4"),
        ("go test", """
            === RUN   TestAdd
                calc_test.go:9: Add(1, 2) = 3, want 4
            --- FAIL: TestAdd (0.00s)
            === RUN   TestSub
            --- PASS: TestSub (0.00s)
            FAIL
            FAIL	example.com/calc	0.002s
            FAIL
            """, "calc_test.go:9: Add(1, 2) = 3, want 4|--- FAIL: TestAdd", "TestAdd: Add(1, 2) = 3, want 4"),
        ("go panic", """
            --- FAIL: TestAdd (0.00s)
            panic: runtime error: index out of range [5] with length 3 [recovered]

            goroutine 7 [running]:
            testing.tRunner.func1.2({0x54e7c0, 0xc0000b4018})
            	/usr/local/go/src/testing/testing.go:1631 +0x24a
            example.com/calc.TestAdd(0xc0000ca340)
            	/home/runner/work/calc/calc/calc_test.go:10 +0x1d
            FAIL	example.com/calc	0.004s
            """, "panic: runtime error: index out of range [5] with length 3|calc_test.go:10", "TestAdd: panic: runtime error: index out of range [5] with length 3"),
        ("go build", """
            # example.com/calc
            ./calc.go:4:9: undefined: x
            FAIL	example.com/calc [build failed]
            """, "./calc.go:4:9: undefined: x", "./calc.go:4:9: undefined: x"),
        ("cargo test", """
               Compiling calc v0.1.0 (/home/runner/work/calc/calc)
                Finished `test` profile [unoptimized + debuginfo] target(s) in 0.41s
            running 2 tests
            test tests::subtracts ... ok
            test tests::adds ... FAILED

            failures:

            ---- tests::adds stdout ----
            thread 'tests::adds' panicked at src/lib.rs:12:9:
            assertion `left == right` failed
              left: 3
             right: 4
            note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

            failures:
                tests::adds

            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
            error: test failed, to rerun pass `--lib`
            """, "panicked at src/lib.rs:12:9|assertion `left == right` failed|left: 3|right: 4", "tests::adds: assertion `left == right` failed (left: 3, right: 4)"),
        ("rustc", """
            error[E0308]: mismatched types
             --> src/lib.rs:2:5
              |
            1 | pub fn add(a: i32) -> String {
            2 |     a
              |     ^ expected `String`, found `i32`

            error: could not compile `calc` (lib) due to 1 previous error
            """, "error[E0308]: mismatched types|src/lib.rs:2:5|expected `String`, found `i32`", "error[E0308]: mismatched types"),
        ("maven", """
            [INFO] Running com.example.CalcTest
            [ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.05 s <<< FAILURE! -- in com.example.CalcTest
            [ERROR] com.example.CalcTest.adds -- Time elapsed: 0.01 s <<< FAILURE!
            org.opentest4j.AssertionFailedError: expected: <4> but was: <3>
            	at org.junit.jupiter.api.AssertionFailureBuilder.build(AssertionFailureBuilder.java:151)
            	at com.example.CalcTest.adds(CalcTest.java:11)
            [INFO] Results:
            [ERROR] Failures:
            [ERROR]   CalcTest.adds:11 expected: <4> but was: <3>
            [ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0
            [INFO] BUILD FAILURE
            """, "expected: <4> but was: <3>|CalcTest.adds", "expected: <4> but was: <3>"),
        ("javac by maven", """
            [INFO] Compiling 3 source files with javac [debug target 17] to target/classes
            [ERROR] COMPILATION ERROR :
            [ERROR] /home/runner/work/calc/calc/src/main/java/com/example/Calc.java:[5,18] ';' expected
            [INFO] BUILD FAILURE
            """, "Calc.java:[5,18] ';' expected", "Calc.java:[5,18] ';' expected"),
        ("gradle", """
            > Task :compileJava
            > Task :test

            CalcTest > adds() FAILED
                org.opentest4j.AssertionFailedError: expected: <4> but was: <3>
                    at app//org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
                    at app//com.example.CalcTest.adds(CalcTest.java:11)

            2 tests completed, 1 failed
            > Task :test FAILED

            FAILURE: Build failed with an exception.

            * What went wrong:
            Execution failed for task ':test'.
            > There were failing tests. See the report at: file:///home/runner/work/calc/build/reports/tests/test/index.html
            """, "CalcTest > adds() FAILED|expected: <4> but was: <3>|* What went wrong:", "expected: <4> but was: <3>"),
        ("rspec", """
            Failures:

              1) Calculator adds
                 Failure/Error: expect(Calculator.add(1, 2)).to eq(4)

                   expected: 4
                        got: 3

                   (compared using ==)
                 # ./spec/calculator_spec.rb:6:in `block (2 levels) in <top (required)>'

            Finished in 0.01 seconds (files took 0.1 seconds to load)
            2 examples, 1 failure

            Failed examples:

            rspec ./spec/calculator_spec.rb:5 # Calculator adds
            """, "Failure/Error: expect(Calculator.add(1, 2)).to eq(4)|expected: 4|got: 3|rspec ./spec/calculator_spec.rb:5", "expect(Calculator.add(1, 2)).to eq(4) (expected: 4, got: 3)"),
        ("tsc", """
            > calc@1.0.0 build
            > tsc --noEmit

            src/calc.ts(3,10): error TS2322: Type 'string' is not assignable to type 'number'.
            Found 1 error in src/calc.ts:3
            """, "src/calc.ts(3,10): error TS2322: Type 'string' is not assignable to type 'number'.", "error TS2322: Type 'string' is not assignable"),
        ("tsc, pretty", """
            src/calc.ts:3:10 - error TS2322: Type 'string' is not assignable to type 'number'.

            3   return "x";
                ~~~~~~

            Found 1 error in src/calc.ts:3
            """, "src/calc.ts:3:10 - error TS2322|return \"x\";", "error TS2322: Type 'string' is not assignable"),
        ("eslint", """
            /home/runner/work/calc/calc/src/calc.js
              3:7  error  'unused' is assigned a value but never used  no-unused-vars
              9:1  warning  Unexpected console statement  no-console

            ✖ 2 problems (1 error, 1 warning)
            """, "/home/runner/work/calc/calc/src/calc.js|'unused' is assigned a value but never used|✖ 2 problems", "'unused' is assigned a value but never used"),
        ("make and gcc", """
            gcc -Wall -c -o calc.o calc.c
            calc.c: In function 'add':
            calc.c:3:12: error: 'x' undeclared (first use in this function)
                3 |     return x;
                  |            ^
            make: *** [Makefile:5: calc.o] Error 1
            """, "calc.c:3:12: error: 'x' undeclared|return x;|make: *** [Makefile:5: calc.o] Error 1", "calc.c:3:12: error: 'x' undeclared"),
        ("make, a plain check", """
            ./check.sh
            sum of 1 and 2: expected 4 but was 3
            make: *** [Makefile:2: test] Error 1
            """, "sum of 1 and 2: expected 4 but was 3", "expected 4 but was 3"),
        ("a shell's missing command", """
            /home/runner/work/_temp/1f.sh: line 1: pnpm: command not found
            """, "pnpm: command not found", "pnpm: command not found"),
        ("an uncaught exception", """
            Starting server
            Unhandled exception. System.InvalidOperationException: No database is configured
               at Shop.Program.Main(String[] args) in /src/Program.cs:line 9
            """, "System.InvalidOperationException: No database is configured|Shop.Program.Main", "No database is configured"),
    ];
}
