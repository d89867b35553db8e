using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Doctor;
using Xunit;

namespace Ampx.Tests.Doctor;

/// <summary>What an exam came to, by name.</summary>
internal sealed class Found(IReadOnlyList<DoctorCheck> checks)
{
    public IReadOnlyList<string> Names => [.. checks.Select(check => check.Name)];

    /// <summary>Everything that needs mending, with what is needed marked.</summary>
    public IReadOnlyList<string> Wrong => [.. checks.Where(check => !check.Ok).Select(check => check.Needed ? $"{check.Name}!" : check.Name)];

    public DoctorCheck this[string name] => Assert.Single(checks, check => check.Name == name);

    public static async Task<Found> By(IExam exam, RepoRef? repo = null)
    {
        var checks = new List<DoctorCheck>();
        await foreach (var check in exam.Look(repo, CancellationToken.None)) checks.Add(check);
        // Whatever is needed and missing says how to mend it.
        Assert.All(checks, check => Assert.True(check is not { Ok: false, Needed: true, Fix: null or "" }, $"{check.Name} doesn't say how to mend it"));
        return new(checks);
    }

    /// <summary>Asserts that the line is as bad as this and says these words.</summary>
    public void Says(string name, bool ok, bool needed, params string[] words)
    {
        var check = this[name];
        Assert.True((check.Ok, check.Needed) == (ok, needed), $"{check}");
        Assert.All(words, word => Assert.Contains(word, $"{check.Detail} {check.Fix}", StringComparison.Ordinal));
    }

    public void Fine(string name, params string[] words) => Says(name, true, this[name].Needed, words);

    public void Bad(string name, params string[] words) => Says(name, false, true, words);

    public void Warns(string name, params string[] words) => Says(name, false, false, words);
}
