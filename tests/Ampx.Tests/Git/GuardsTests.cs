using System.Diagnostics;
using Ampx.Core.Tasks;
using Ampx.Silo.Git.Guarding;
using Microsoft.Extensions.Options;
using Xunit;

namespace Ampx.Tests.Git;

/// <summary>What the guards find in commits of real git.</summary>
public sealed class GuardsTests : IDisposable
{
    private readonly GitWorld world = new();
    private readonly GuardOptions options = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task An_ordinary_change_has_no_findings()
    {
        Base(("src/till.py", "1\n"), ("tests/test_till.py", "def test_till(): pass\n"));
        Assert.Empty(await Found(() =>
        {
            world.Write("src/till.py", "2\n");
            world.Write("tests/test_till.py", "def test_till(): assert True\n");
            world.Write("tests/test_more.py", "def test_more(): pass\n");
            world.Write("docs/.ampx.yml", "nested: it is not the one\n");
            world.Write(".github/dependabot.yml", "version: 2\n");
        }));
    }

    [Theory]
    [InlineData(".github/workflows/ci.yml")]
    [InlineData(".github/workflows/deep/er.yml")]
    [InlineData(".GitHub/Workflows/ci.yml")]
    [InlineData(".ampx.yml")]
    [InlineData(".Ampx.yml")]
    public async Task A_new_protected_file_is_found(string path) => Assert.Equal([$"ProtectedPath {path}"], await Found(() => world.Write(path, "new\n")));

    [Fact]
    public async Task A_protected_file_that_is_changed_removed_renamed_or_made_executable_is_found()
    {
        Base((".github/workflows/a.yml", "a\n"), (".github/workflows/b.yml", "b\n"), (".github/workflows/c.yml", "some longer text in c\n"), (".github/workflows/d.yml", "d\n"), ("e.yml", "some longer text in e\n"));
        Assert.Equal(
            ["ProtectedPath .github/workflows/a.yml", "ProtectedPath .github/workflows/b.yml", "ProtectedPath .github/workflows/c.yml", "ProtectedPath .github/workflows/d.yml", "ProtectedPath .github/workflows/f.yml"],
            await Found(() =>
            {
                world.Write(".github/workflows/a.yml", "other\n");
                Remove(".github/workflows/b.yml");
                Move(".github/workflows/c.yml", "c.yml");
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(At(".github/workflows/d.yml"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                Move("e.yml", ".github/workflows/f.yml");
            }));
    }

    [Fact]
    public async Task A_link_or_a_submodule_in_place_of_a_folder_with_protected_files_is_found()
    {
        Assert.Equal(["ProtectedPath .github"], await Found(() => File.CreateSymbolicLink(At(".github"), "elsewhere")));
        world.Git(world.Person, "rm", "-q", "-f", ".github");
        Assert.Equal(["ProtectedPath .github/workflows"], await Found(() =>
            world.Git(world.Person, "update-index", "--add", "--cacheinfo", $"160000,{world.First},.github/workflows"), all: false));
    }

    [Fact]
    public async Task A_test_file_that_is_deleted_emptied_moved_out_or_replaced_by_a_link_is_found()
    {
        Base([.. "abcdefg".Select(name => ($"tests/test_{name}.py", $"def test_{name}(): assert one_of_many_{name}\n"))]);
        Assert.Equal(
            ["TestDeleted tests/test_a.py", "TestDeleted tests/test_b.py", "TestDeleted tests/test_c.py", "TestDeleted tests/test_d.py", "TestDeleted tests/test_g.py"],
            await Found(() =>
            {
                Remove("tests/test_a.py");
                world.Write("tests/test_b.py", "");
                Move("tests/test_c.py", "old/c.py");
                Remove("tests/test_d.py");
                File.CreateSymbolicLink(At("tests/test_d.py"), "/dev/null");
                Move("tests/test_e.py", "tests/unit/test_e.py");
                Move("tests/test_f.py", "spec/f_spec.py");
                Move("tests/test_g.py", "tests/test_g.py.txt");
            }));
    }

    [Fact]
    public async Task A_skip_mark_that_is_added_is_found_and_one_that_was_there_is_not()
    {
        Base(("tests/test_a.py", "@pytest.mark.skip\ndef test_a(): pass\ndef test_b(): pass\n"), ("tests/test_c.py", "@pytest.mark.skip\ndef test_c(): assert something_of_more_length\n"));
        Assert.Equal(["TestSkipped tests/test_a.py", "TestSkipped tests/test_new.py"], await Found(() =>
        {
            world.Write("tests/test_a.py", "@pytest.mark.skip\ndef test_a(): pass\n@pytest.mark.skip\ndef test_b(): pass\n");
            Move("tests/test_c.py", "tests/unit/test_c.py");
            world.Write("tests/test_new.py", "import pytest\r\ndef test_d():\r\n    pytest.skip('later')\r\n");
            world.Write("src/till.py", "pytest.skip('no test file')\n");
            world.Write("tests/notes.md", "write pytest.mark.skip\n");
        }));
    }

    [Fact]
    public async Task A_mark_moved_to_another_test_is_new_and_one_indented_anew_is_not()
    {
        Base(("a.test.js", "it.skip('a', f);\nit('b', g);\n"), ("b.test.js", "it.skip('a', f);\n"));
        Assert.Equal(["TestSkipped a.test.js"], await Found(() =>
        {
            world.Write("a.test.js", "it('a', f);\nit.skip('b', g);\n");
            world.Write("b.test.js", "describe('all', () => {\r\n  it.skip('a', f);\r\n});\r\n");
        }));
    }

    [Fact]
    public async Task A_mark_in_a_file_of_another_encoding_is_found() =>
        Assert.Equal(["TestSkipped TillTests.cs"], await Found(() => File.WriteAllText(At("TillTests.cs"), "[Fact(Skip = \"later\")]\n", System.Text.Encoding.Unicode)));

    [Fact]
    public async Task Attributes_text_conversions_and_filters_of_the_repository_are_not_run()
    {
        var ran = Path.Combine(world.Root, "ran");
        Base((".gitattributes", "*.js diff=evil filter=evil -text\n"), ("a.test.js", "it('a');\n"));
        File.AppendAllText(Path.Combine(world.Root, "evil.config"), $"[diff \"evil\"]\n\ttextconv = touch {ran}; true\n\tcommand = touch {ran}\n[filter \"evil\"]\n\tsmudge = touch {ran}\n");
        await world.Mirrors.Fetch(world.Remote);
        File.AppendAllText(Path.Combine(world.Mirrors.PathOf(world.Remote), "config"), $"[include]\n\tpath = {Path.Combine(world.Root, "evil.config")}\n");
        Assert.Equal(["TestSkipped a.test.js"], await Found(() => world.Write("a.test.js", "it.only('a');\n")));
        Assert.False(File.Exists(ran));
    }

    [Fact]
    public async Task Odd_names_and_binary_files_are_taken_as_they_are()
    {
        string[] names = ["a \"quoted\"\nname.yml", "-x.yml", "tab\there.yml", "back\\slash.yml", "ü.yml", " .yml", "x => y.yml", "{a,b}.yml"];
        var found = await Found(() =>
        {
            foreach (var name in names) world.Write($".github/workflows/{name}", "x\n");
            File.WriteAllBytes(At("logo_test.png"), [0, 1, 2, 255, 10, 0]);
        });
        Assert.Equal(names.Select(name => $"ProtectedPath .github/workflows/{name}").Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public async Task A_name_that_is_no_utf8_is_found_all_the_same()
    {
        Assert.Equal(["ProtectedPath .github/workflows/\uFFFD\uFFFD.yml"], await Found(() => Shell("mkdir -p .github/workflows && echo x > \"$(printf '.github/workflows/\\377\\376.yml')\"")));
        Shell("rm -rf .github"); // .NET can't: to it the name is another one
    }

    [Fact]
    public async Task A_test_file_too_large_to_look_through_is_itself_a_finding() =>
        Assert.Equal(["Unread big.test.js"], await Found(() =>
        {
            world.Write("big.test.js", new string('x', 3 << 20));
            world.Write("big.test.json", new string('x', 3 << 20));
        }));

    [Fact]
    public async Task What_takes_too_long_to_look_through_is_told()
    {
        world.Write("a.test.js", "it('a');\n");
        world.Write("b.test.js", "it.skip('b');\n");
        world.Time.AutoAdvanceAmount = TimeSpan.FromSeconds(45);
        Assert.Equal(["Unread b.test.js"], await Found(() => { }));
    }

    [Fact]
    public async Task More_than_can_be_listed_is_one_finding_that_changes_with_any_of_them()
    {
        for (var i = 0; i < Guards.MostFindings + 5; i++) world.Write($".github/workflows/{i:000}.yml", "x\n");
        var first = await Look(world.SaveAndPush("many", GitWorld.Branch));
        Assert.Equal((Guards.MostFindings + 1, GuardKind.More, "5 findings more"), (first.Findings.Length, first.Findings[^1].Kind, first.Findings[^1].Path));
        world.Write($".github/workflows/{Guards.MostFindings + 4:000}.yml", "y\n");
        var second = await Look(world.SaveAndPush("many", GitWorld.Branch));
        Assert.Equal(first.Findings[..^1], second.Findings[..^1]);
        Assert.NotEqual(first.Findings[^1].Mark, second.Findings[^1].Mark);
    }

    [Fact]
    public async Task A_mark_stands_for_the_content_it_was_given_for()
    {
        Base((".ampx.yml", "ci: a\n"), ("a.test.js", "it('a');\n"));
        async Task<string[]> Marks(string ci, string test)
        {
            world.Write(".ampx.yml", ci);
            world.Write("a.test.js", test);
            return [.. (await Look(world.SaveAndPush("change", GitWorld.Branch))).Findings.Select(found => found.Mark)];
        }

        var first = await Marks("ci: b\n", "it.skip('a');\n");
        Assert.Equal(first, await Marks("ci: b\n", "it.skip('a');\nit('b');\n"));
        var other = await Marks("ci: c\n", "it.skip('a');\n");
        Assert.Equal((false, true), (other[0] == first[0], other[1] == first[1]));
        Assert.Equal(3, (await Marks("ci: b\n", "it.skip('a');\nit.skip('a');\n")).Length);
    }

    [Fact]
    public async Task The_whole_change_counts_over_all_commits_and_not_what_the_base_did_meanwhile()
    {
        Base((".ampx.yml", "ci: a\n"));
        world.Git(world.Person, "checkout", "-q", "-b", "work");
        world.Write(".ampx.yml", "ci: b\n");
        world.Save("one");
        world.Write("till", "1\n");
        var head = world.SaveAndPush("two", GitWorld.Branch);
        world.Git(world.Person, "checkout", "-q", "main");
        world.Write(".github/workflows/theirs.yml", "x\n");
        world.SaveAndPush("meanwhile");
        Assert.Equal(["ProtectedPath .ampx.yml"], Words(await Look(head)));
    }

    [Fact]
    public async Task What_the_base_did_meanwhile_and_the_change_takes_back_counts()
    {
        Base((".ampx.yml", "ci: a\n"));
        var before = world.Tip("main")!;
        await world.Mirrors.Fetch(world.Remote);
        world.Write(".ampx.yml", "ci: stricter\n");
        world.SaveAndPush("meanwhile");
        world.Write(".ampx.yml", "ci: a\n");
        Assert.Equal(["ProtectedPath .ampx.yml"], Words(await Look(world.SaveAndPush("back", GitWorld.Branch), before)));
    }

    [Fact]
    public async Task A_branch_with_a_history_of_its_own_is_held_against_the_base()
    {
        Base(("tests/test_a.py", "def test_a(): pass\n"));
        world.Git(world.Person, "checkout", "-q", "--orphan", "own");
        Assert.Equal(["TestDeleted tests/test_a.py"], await Found(() => Remove("tests/test_a.py")));
    }

    [Fact]
    public async Task Other_paths_can_be_given()
    {
        options.ProtectedPaths.Add("deploy/**/*.tf");
        options.TestPaths.Add("checks/*");
        Base(("checks/a", "1\n"), ("tests/test_a.py", "1\n"));
        Assert.Equal(["ProtectedPath deploy/eu/west.tf", "ProtectedPath deploy/main.tf", "TestDeleted checks/a"], await Found(() =>
        {
            Remove("checks/a");
            Remove("tests/test_a.py");
            world.Write("deploy/main.tf", "x\n");
            world.Write("deploy/eu/west.tf", "x\n");
            world.Write(".github/workflows/ci.yml", "x\n");
        }));
    }

    private void Base(params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files) world.Write(path, text);
        world.SaveAndPush("base");
    }

    /// <summary>Kind and path of what is found in a commit with this change, in order.</summary>
    private async Task<string[]> Found(Action change, bool all = true)
    {
        change();
        if (all) return Words(await Look(world.SaveAndPush("change", GitWorld.Branch)));
        world.Git(world.Person, "commit", "-q", "-m", "change");
        world.Git(world.Person, "push", "-q", "-f", "origin", "HEAD:refs/heads/" + GitWorld.Branch);
        return Words(await Look(world.Git(world.Person, "rev-parse", "HEAD")));
    }

    private static string[] Words(GuardReport report) => [.. report.Findings.Select(found => $"{found.Kind} {found.Path}").Order(StringComparer.Ordinal)];

    private Task<GuardReport> Look(string head, string? baseSha = null) =>
        new Guards(world.Mirrors, world.Time, Options.Create(options)).Look(world.Remote, "main", baseSha ?? world.Tip("main")!, head, TestContext.Current.CancellationToken);

    private void Shell(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { WorkingDirectory = world.Person })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private string At(string path) => Path.Combine(world.Person, path);

    private void Remove(string path) => File.Delete(At(path));

    private void Move(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(to))!);
        File.Move(At(from), At(to));
    }
}
