using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Orleans.Concurrency;

namespace Ampx.Silo.Hosting;

/// <summary><see cref="IServiceFacts"/> of any silo's machine, for gateways without a silo of their own; any key.</summary>
[Alias("ampx.service-facts")]
internal interface IServiceFactsGrain : IGrainWithIntegerKey
{
    [Alias("Check")]
    Task<(NewTask? Order, Refusal? Refusal)> Check(StartTask request, string owner, CancellationToken cancel);

    [Alias("WhyBranchGone")]
    Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel);

    /// <summary>May have to fetch the repository first.</summary>
    [Alias("Diff"), ResponseTimeout("00:05:00")]
    Task<string> Diff(TaskState task, CancellationToken cancel);
}

/// <inheritdoc cref="IServiceFactsGrain"/>
[StatelessWorker, Reentrant] // It keeps nothing, and a slow fetch for one caller is no matter of the next.
internal sealed class ServiceFactsGrain(IServiceFacts facts) : Grain, IServiceFactsGrain
{
    public Task<(NewTask? Order, Refusal? Refusal)> Check(StartTask request, string owner, CancellationToken cancel) => facts.Check(request, owner, cancel);

    public Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel) => facts.WhyBranchGone(task, cancel);

    public Task<string> Diff(TaskState task, CancellationToken cancel) => facts.Diff(task, cancel);
}

/// <summary>Asks a silo.</summary>
internal sealed class RemoteFacts(IGrainFactory grains) : IServiceFacts
{
    private IServiceFactsGrain Silo => grains.GetGrain<IServiceFactsGrain>(0);

    public Task<(NewTask? Order, Refusal? Refusal)> Check(StartTask request, string owner, CancellationToken cancel) => Silo.Check(request, owner, cancel);

    public Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel) => Silo.WhyBranchGone(task, cancel);

    public Task<string> Diff(TaskState task, CancellationToken cancel) => Silo.Diff(task, cancel);
}
