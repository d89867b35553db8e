using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Ampx.Silo.Admin;

/// <summary>
/// Looks at the folders of one machine; its key is the silo's address, and the caller asks for that silo by a placement hint (<see cref="Machines"/>).
/// Where another silo was chosen for it, it does nothing, answers null, and moves.
/// </summary>
[Alias("ampx.machine")]
internal interface IMachineGrain : IGrainWithStringKey
{
    /// <summary>What the machine's worker holds and has on its disk.</summary>
    [Alias("Look")]
    Task<MachineReport?> Look();

    /// <summary>Ends a run that is nobody's and removes its folder.</summary>
    [Alias("EndRun"), ResponseTimeout("00:01:00")]
    Task<MachineAnswer?> EndRun(string runId);

    /// <summary>Gives a task's tree back.</summary>
    [Alias("ReleaseTree")]
    Task<MachineAnswer?> ReleaseTree(string taskId);

    /// <summary>Removes what the machine keeps of a task that was removed.</summary>
    [Alias("Forget"), ResponseTimeout("00:01:00")]
    Task<MachineAnswer?> Forget(RemovedTask task);
}

/// <param name="Done">False: it is in use or out of reach, and something is left to be done.</param>
[GenerateSerializer, Immutable, Alias("ampx.machine-answer.v1")]
internal sealed record MachineAnswer(bool Done);

/// <param name="WorkerId">Null where no worker is.</param>
/// <param name="Folders">Runs that have a folder.</param>
/// <param name="Held">Runs that the worker holds; asked after the folders were read.</param>
/// <param name="Trees">Kept trees.</param>
[GenerateSerializer, Immutable, Alias("ampx.machine-report.v1")]
internal sealed record MachineReport(string? WorkerId, IReadOnlyList<string> Folders, IReadOnlyList<string> Held, IReadOnlyList<MachineTree> Trees);

/// <summary>A kept tree.</summary>
/// <param name="TaskId"><see cref="Nobody"/> where its record is torn.</param>
[GenerateSerializer, Immutable, Alias("ampx.machine-tree.v1")]
internal sealed record MachineTree(string Folder, string TaskId, bool Held, bool MirrorGone)
{
    public const string Nobody = "";
}

/// <inheritdoc cref="IMachineGrain"/>
[RandomPlacement]
internal sealed class MachineGrain(ILocalSiloDetails silo, IServiceProvider services) : Grain, IMachineGrain
{
    public Task<MachineReport?> Look() => Here(async exam => exam is null ? new MachineReport(null, [], [], []) : await exam.Look());

    public Task<MachineAnswer?> EndRun(string runId) => Here(async exam => new MachineAnswer(exam is not null && await exam.EndRun(runId)));

    public Task<MachineAnswer?> ReleaseTree(string taskId) => Here(async exam => new MachineAnswer(exam is not null && await exam.ReleaseTree(taskId)));

    public Task<MachineAnswer?> Forget(RemovedTask task) => Here(async _ => new MachineAnswer(services.GetService<MachineRemains>() is not { } remains || await remains.Remove(task)));

    private async Task<T?> Here<T>(Func<MachineExam?, Task<T>> act) where T : class
    {
        var place = SiloAddress.FromParsableString(this.GetPrimaryKeyString());
        if (silo.SiloAddress.Equals(place)) return await act(services.GetService<MachineExam>());
        // Only deactivated, it would come up here again: others remember where it was.
        RequestContext.Set(IPlacementDirector.PlacementHintKey, place);
        MigrateOnIdle();
        return null;
    }
}
