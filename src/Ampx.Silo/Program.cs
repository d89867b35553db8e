using Ampx.Silo.Hosting;

try
{
    await using var service = await AmpxService.Start(new Dictionary<string, string?>(), CancellationToken.None);
    await service.Completion;
    return 0;
}
catch (StartException refused)
{
    await Console.Error.WriteLineAsync($"ampx-silo: {refused.Message}");
    return 1;
}
