using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Workflows;
using Xunit;
using static Ampx.Tests.EndToEnd.VerdictStage;

namespace Ampx.Tests.EndToEnd;

/// <summary>The moment in which GitHub is asked to run CI's own fault again.</summary>
public sealed class RerunTests
{
    [Fact]
    public async Task A_service_that_dies_with_the_rerun_asked_for_goes_on_with_what_GitHub_shows()
    {
        await using var on = new VerdictStage();
        await on.InitializeAsync();
        await on.Begin("shop", OnPush, [[Run("failure", Lost)]]);
        // Carried out, but the answer never arrives: the service can't know.
        on.GitHub.Site.Faults.Add(new Fault { Method = "POST", Path = "*/rerun-failed-jobs", ResetAfter = true });
        await Stage.Until(() => Task.FromResult(on.Runs("shop") is [{ RunAttempt: 2 }]), "GitHub was asked to run it again");
        await on.Stage.Kill();
        // The rerun is under way while the service starts, which takes a busy machine longer than the stage gives CI.
        on.Stage.Environment["Ampx__Ci__Timeout"] = "00:05:00";
        await on.Stage.Up();

        var seen = Looks();
        await Stage.Until(() => Task.FromResult(Looks() > seen + 1), "the new service has looked at CI");
        on.GitHub.Site.Actions.Update(on.GitHub.Site.Repositories["acme/shop"], on.Runs("shop").Single(), Run("success"));
        var task = await on.Ended("shop");

        Assert.True((task.Status, task.Attempts) is (Status.Success, 1), $"{task.Status} after {task.Attempts} attempts: {task.Summary}");
        Assert.Equal(2, on.Runs("shop").Single().RunAttempt);

        int Looks() => on.GitHub.Site.Requests.Count("GET", "actions/runs");
    }
}
