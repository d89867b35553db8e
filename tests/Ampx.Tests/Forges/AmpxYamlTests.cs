using Ampx.Silo.Forges.Local;
using Xunit;

namespace Ampx.Tests.Forges;

public class AmpxYamlTests
{
    [Theory]
    [InlineData("ci: make test", "make test")]
    [InlineData("\uFEFFci: make test\n", "make test")]
    [InlineData("{\"other\": [1, {\"ci\": \"no\"}], \"ci\": \"make test\"}", "make test")]
    [InlineData("other:\n  ci: no\nci: |\n  make\n  make test\n", "make\nmake test\n")]
    [InlineData("ci: make test\n---\nci: no\n", "make test")]
    [InlineData("ci: 42", "42")]
    public void The_command_stands_under_ci(string text, string command) => Assert.Equal(command, AmpxYaml.Ci(text));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ci:")]
    [InlineData("ci: '  '")]
    [InlineData("ci: [make, test]")]
    [InlineData("ci: {run: make}")]
    [InlineData("other:\n  ci: make test")]
    [InlineData("- ci: make test")]
    [InlineData("make test")]
    [InlineData("ci: make test\nother: [")]
    public void Without_one_there_is_none(string? text) => Assert.Null(AmpxYaml.Ci(text));

    [Fact]
    public void A_file_that_nests_without_end_is_not_read() =>
        Assert.Null(AmpxYaml.Ci($"ci: make test\nother: {new string('[', 100_000)}{new string(']', 100_000)}"));
}
