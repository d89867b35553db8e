using Ampx.Core.Ci;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;

try
{
    await using var service = await AmpxService.Start(new Dictionary<string, string?>(), hearSignals: true, CancellationToken.None);
    await service.Completion;
    return 0;
}
catch (Exception refused) when (refused is StartException or StorageException)
{
    await Console.Error.WriteLineAsync($"ampx-silo: {Redaction.WellKnown.Apply(refused.Message)}");
    return 1;
}
