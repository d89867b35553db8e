using Ampx.Silo.Git.Guarding;
using Xunit;

namespace Ampx.Tests.Git;

public class SkipMarksTests
{
    [Theory]
    [InlineData("T.cs", "[Fact(Skip = \"flaky\")]")]
    [InlineData("T.cs", "[Test, Ignore(\"flaky\")]")]
    [InlineData("T.cs", "[Ignore]")]
    [InlineData("T.cs", "[NUnit.Framework.Ignore(\"x\")]")]
    [InlineData("T.cs", "[TestCase(1, Ignore = \"x\")]")]
    [InlineData("T.cs", "Assert.Skip(\"x\");")]
    [InlineData("T.fs", "[<Ignore>]")]
    [InlineData("T.java", "@Disabled(\"flaky\")")]
    [InlineData("T.java", "@org.junit.Ignore")]
    [InlineData("T.java", "@DisabledOnOs(OS.LINUX)")]
    [InlineData("T.java", "@Test(enabled = false)")]
    [InlineData("T.kt", "xit(\"works\") {")]
    [InlineData("t.py", "@pytest.mark.skip(reason='x')")]
    [InlineData("t.py", "@pytest.mark.skipif(True, reason='x')")]
    [InlineData("t.py", "pytestmark = pytest.mark.xfail")]
    [InlineData("t.py", "    pytest.skip('x')")]
    [InlineData("t.py", "@unittest.skip('x')")]
    [InlineData("t.py", "@skipIf(True, 'x')")]
    [InlineData("t.py", "raise unittest.SkipTest")]
    [InlineData("t.js", "it.skip('works', () => {")]
    [InlineData("t.ts", "describe.skip('all', () => {")]
    [InlineData("t.tsx", "test.skip('works'")]
    [InlineData("t.js", "test.concurrent.skip('works'")]
    [InlineData("t.js", "describe.each([1, 2]).skip('works'")]
    [InlineData("t.js", "xit('works'")]
    [InlineData("t.js", "xdescribe('all'")]
    [InlineData("t.js", "it.only('works'")]
    [InlineData("t.js", "fdescribe('all'")]
    [InlineData("t.js", "suite['skip']('all'")]
    [InlineData("t.mjs", "test('works', { skip: true }, () => {")]
    [InlineData("t.js", "this.skip();")]
    [InlineData("a_test.go", "\tt.Skip(\"flaky\")")]
    [InlineData("a_test.go", "\tt.SkipNow()")]
    [InlineData("a_test.go", "s.T().Skipf(\"flaky %d\", 1)")]
    [InlineData("a_test.go", "PIt(\"works\", func() {")]
    [InlineData("t.rs", "#[ignore = \"flaky\"]")]
    [InlineData("t.rs", "#[cfg_attr(miri, ignore)]")]
    [InlineData("a_spec.rb", "  xit 'works' do")]
    [InlineData("a_spec.rb", "  skip 'flaky'")]
    [InlineData("a_spec.rb", "  pending")]
    [InlineData("a_spec.rb", "  it 'works', :skip do")]
    [InlineData("a_spec.rb", "  it('works') { skip }")]
    [InlineData("T.php", "$this->markTestSkipped('flaky');")]
    [InlineData("T.php", "it('works')->skip();")]
    [InlineData("T.swift", "throw XCTSkip(\"flaky\")")]
    [InlineData("T.swift", "@Test(.disabled(\"flaky\"))")]
    [InlineData("t.exs", "@tag :skip")]
    [InlineData("t.exs", "@tag skip: \"flaky\"")]
    [InlineData("t.dart", "test('works', () {}, skip: true);")]
    [InlineData("t.cpp", "GTEST_SKIP();")]
    [InlineData("t.cpp", "TEST(Till, DISABLED_Adds) {")]
    [InlineData("t.cpp", "TEST_CASE(\"adds\", \"[.][till]\") {")]
    [InlineData("t.bats", "  skip \"flaky\"")]
    [InlineData("t.feature", "  @ignore")]
    public void Marks(string file, string line) => Assert.True(SkipMarks.IsIn(line, file));

    [Theory]
    [InlineData("T.cs", "var page = query.Skip(10).Take(5);")]
    [InlineData("T.cs", "if (Skip == 3) return;")]
    [InlineData("T.cs", "options[Ignored] = 1;")]
    [InlineData("T.java", "list.stream().skip(1);")]
    [InlineData("t.py", "def test_skips_blank_lines():")]
    [InlineData("t.py", "reader.skip(3)")]
    [InlineData("t.js", "await page.waitFor('#skip');")]
    [InlineData("t.js", "expect(list.skip(1)).toEqual([]);")]
    [InlineData("t.js", "exit('x')")]
    [InlineData("a_test.go", "skipped := 1")]
    [InlineData("t.rs", "#[test]")]
    [InlineData("a_spec.rb", "it 'skips blank lines' do")]
    [InlineData("a_spec.rb", "skip = 1")]
    [InlineData("T.swift", "list.dropFirst()")]
    [InlineData("t.cpp", "int a[3]; b[.5];")]
    [InlineData("notes.md", "it.skip('works')")]
    [InlineData("Makefile", "skip:")]
    public void No_marks(string file, string line) => Assert.False(SkipMarks.IsIn(line, file));

    [Theory]
    [InlineData("it.a.a.a.a.a.a.a.a.a.a.a.a")]
    [InlineData("@a.a.a.a.a.a.a.a.a.a.")]
    public void A_long_line_of_almost_marks_takes_no_time(string piece)
    {
        var line = string.Concat(Enumerable.Repeat(piece, 10_000));
        foreach (var file in (string[])["t.js", "T.java", "t.py", "T.cs"]) Assert.False(SkipMarks.IsIn(line, file));
    }

    [Theory]
    [InlineData("**", true)]
    [InlineData("a/b.yml", true)]
    [InlineData("**/*test*.*", true)]
    [InlineData("deploy/**/*.tf", true)]
    [InlineData("", false)]
    [InlineData(" ", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("!a", false)]
    [InlineData("a/../b", false)]
    [InlineData("a//b", false)]
    [InlineData("a?", false)]
    [InlineData("[ab]", false)]
    [InlineData("{a,b}", false)]
    [InlineData("**.yml", false)]
    [InlineData(@"a\b", false)]
    public void A_pattern_is_understood_or_refused(string glob, bool right)
    {
        Assert.Equal(right, new GlobsAttribute().IsValid(glob));
        Assert.Equal(right, new GlobsAttribute().IsValid(new List<string> { "a", glob }));
    }

    [Theory]
    [InlineData("test/a", true)]
    [InlineData("src/deep/tests/x/y.z", true)]
    [InlineData("web/__tests__/a.js", true)]
    [InlineData("TillTests.cs", true)]
    [InlineData("src/till_test.go", true)]
    [InlineData("a.spec.ts", true)]
    [InlineData("src/till.go", false)]
    [InlineData("testing", false)]
    [InlineData("README.md", false)]
    public void Usual_places_of_tests_are_known(string path, bool test) => Assert.Equal(test, new GuardOptions().TestFiles.Fit(path));
}
