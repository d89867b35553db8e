using Ampx.Chaos;

if (ChaosOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine("usage: ampx-chaos [--tasks N] [--silos N] [--minutes M] [--seed S] [--short] [--sqlite] [--keep]");
    return 2;
}

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) => press.Cancel = !interrupted.IsCancellationRequested && End();
using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, signal => signal.Cancel = End());

Report report;
try
{
    report = await ChaosSuite.Run(options, Console.WriteLine, interrupted.Token);
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    Console.WriteLine($"interrupted (seed {options.Seed}); everything that was started has ended");
    return 130;
}

Console.WriteLine(report.Table());
foreach (var difference in report.Differences) Console.WriteLine($"DIFFERS  {difference}");
Console.WriteLine(report.Differences.Count == 0 ? $"All as it should be (seed {options.Seed})." : $"{report.Differences.Count} differences; again with --seed {options.Seed}");
return report.Differences.Count == 0 ? 0 : 1;

bool End()
{
    interrupted.Cancel();
    return true;
}
