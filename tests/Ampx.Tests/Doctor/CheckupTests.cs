using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Doctor;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Doctor;

public sealed class CheckupTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task An_exam_that_hangs_gets_its_line_when_its_time_is_up_and_what_it_said_before_stays()
    {
        var hanging = new Exam("network", DoctorCheck.Fine("first", "was quick")) { Then = _ => new TaskCompletionSource().Task };
        var checkup = Of(hanging).Run(null, CancellationToken.None);
        await hanging.Reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(checkup.IsCompleted);
        time.Advance(Checkup.Limit);
        var checks = await checkup.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["first", "network"], checks.Select(check => check.Name));
        Assert.Equal((false, true, "no answer within 10 s; the rest of this was not looked at"), (checks[1].Ok, checks[1].Needed, checks[1].Detail));
        Assert.NotNull(checks[1].Fix);
    }

    [Fact]
    public async Task An_exam_that_breaks_says_so_and_the_others_go_on()
    {
        var broken = new Exam("disk") { Then = _ => throw new IOException("Input/output error") };
        var checks = await Of(broken, new Exam("git", DoctorCheck.Fine("git", "2.39"))).Run(null, CancellationToken.None);
        Assert.Equal([("disk", false, "couldn't be looked at: Input/output error"), ("git", true, "2.39")], checks.Select(check => (check.Name, check.Ok, check.Detail)));
    }

    [Fact]
    public async Task Exams_don_t_wait_for_each_other()
    {
        var second = new Exam("second");
        var first = new Exam("first") { Then = _ => second.Reached.Task };
        var (limit, checks) = (TimeSpan.FromSeconds(30), Of(first, second).Run(null, CancellationToken.None));
        Assert.Empty(await checks.WaitAsync(limit));
    }

    [Fact]
    public async Task Who_asked_and_went_away_is_not_waited_for()
    {
        using var gone = new CancellationTokenSource();
        var hanging = new Exam("network") { Then = _ => new TaskCompletionSource().Task };
        var checkup = Of(hanging).Run(null, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => checkup.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private Checkup Of(params IExam[] exams) => new(exams, time, NullLogger<Checkup>.Instance);

    private sealed class Exam(string name, params DoctorCheck[] says) : IExam
    {
        public string Name => name;

        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Func<CancellationToken, Task> Then { get; init; } = _ => Task.CompletedTask;

        public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
        {
            foreach (var check in says) yield return check;
            Reached.TrySetResult();
            await Then(cancel);
        }
    }
}
