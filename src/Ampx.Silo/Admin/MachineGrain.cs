using Ampx.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace Ampx.Silo.Admin;

/// <summary>Looks at the folders of one machine; its key is the silo's address, and the caller asks for that silo by a placement hint.</summary>
[Alias("ampx.machine")]
internal interface IMachineGrain : IGrainWithStringKey
{
    /// <summary>What the machine's worker holds and has on its disk; null if this is another silo than the key says.</summary>
    [Alias("Look")]
    Task<MachineReport?> Look();

    /// <summary>Ends a run that is nobody's and removes its folder.</summary>
    [Alias("EndRun"), ResponseTimeout("00:01:00")]
    Task EndRun(string runId);

    /// <summary>Gives a task's tree back.</summary>
    [Alias("ReleaseTree")]
    Task ReleaseTree(string taskId);
}

/// <param name="WorkerId">Null where no worker is.</param>
/// <param name="Folders">Runs that have a folder.</param>
/// <param name="Held">Runs that the worker holds; asked after the folders were read.</param>
/// <param name="Trees">Kept trees.</param>
[GenerateSerializer, Immutable, Alias("ampx.machine-report.v1")]
internal sealed record MachineReport(string? WorkerId, IReadOnlyList<string> Folders, IReadOnlyList<string> Held, IReadOnlyList<MachineTree> Trees);

/// <summary>A kept tree.</summary>
[GenerateSerializer, Immutable, Alias("ampx.machine-tree.v1")]
internal sealed record MachineTree(string Folder, string TaskId, bool Held, bool MirrorGone);

/// <inheritdoc cref="IMachineGrain"/>
[RandomPlacement]
internal sealed class MachineGrain(ILocalSiloDetails silo, IServiceProvider services) : Grain, IMachineGrain
{
    public Task<MachineReport?> Look()
    {
        if (silo.SiloAddress.ToParsableString() != this.GetPrimaryKeyString())
        {
            // The next call places it anew.
            DeactivateOnIdle();
            return Task.FromResult<MachineReport?>(null);
        }

        return Task.FromResult<MachineReport?>(services.GetService<MachineExam>()?.Look() ?? new MachineReport(null, [], [], []));
    }

    public Task EndRun(string runId) => services.GetRequiredService<MachineExam>().EndRun(runId);

    public Task ReleaseTree(string taskId)
    {
        services.GetRequiredService<MachineExam>().ReleaseTree(taskId);
        return Task.CompletedTask;
    }
}
