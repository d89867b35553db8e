using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Ampx.Silo.Doctor;

/// <summary>Where this process listens, and whom it lets in.</summary>
internal sealed class ListenExam(IServiceProvider services, IConfiguration settings) : IExam
{
    public string Name => "address";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        // A silo may run without a gateway.
        var addresses = services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        if (addresses.Count == 0) yield break;
        var mode = settings["Ampx:Auth:Mode"] is { Length: > 0 } given ? given : "local";
        var who = mode == "local" ? "whoever can read its token file" : "whoever has a token";
        yield return DoctorCheck.Fine(Name, $"listens on {string.Join(", ", addresses)}; Auth:Mode {mode} lets in {who}");
    }
}
