using System.Collections.Concurrent;
using Ampx.Chaos.Machines;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;

namespace Ampx.Chaos.Faults;

/// <summary>Lets the drawn faults come, each with its end; at most one silo is broken at a time.</summary>
internal sealed class FaultDriver(Theatre theatre, ChaosOptions options, Action<string> say)
{
    private readonly List<Task> underWay = [];
    private int broken;

    public ConcurrentQueue<Fault> Done { get; } = [];
    public ConcurrentQueue<Death> Deaths { get; } = [];

    /// <summary>Returns when <paramref name="stop"/> says so, or all faults have come, and everything is mended again.</summary>
    public async Task Run(CancellationToken stop)
    {
        try
        {
            foreach (var drawn in Fault.Draw(options).Take(options.Faults))
            {
                await Task.Delay(options.Every, stop);
                if (Possible(drawn) is { } fault) underWay.Add(Bring(fault, stop));
            }
        }
        catch (OperationCanceledException)
        {
            // enough
        }

        await Task.WhenAll(underWay);
        theatre.GitHub.Site.Faults.Clear();
        theatre.GitHub.Site.Webhooks.Mischief = null;
    }

    private Fault? Possible(Fault drawn)
    {
        var fault = drawn;
        if (fault.Kind is FaultKind.FullDisk && theatre.Silos[0].Disk is null) fault = fault with { Kind = fault.Otherwise };
        if (!fault.IsOfOneSilo) return fault;
        return Interlocked.CompareExchange(ref broken, 1, 0) == 0 ? fault : fault with { Kind = fault.Otherwise, Length = TimeSpan.FromSeconds(6) * options.Pace };
    }

    private async Task Bring(Fault fault, CancellationToken stop)
    {
        say($"{fault}");
        Done.Enqueue(fault);
        var silo = theatre.Silos[fault.Silo];
        try
        {
            if (fault.IsOfOneSilo) silo.IsWhole = false;
            if (fault.Kind is FaultKind.LongKill or FaultKind.Pause or FaultKind.Kill) _ = Remember(fault, silo);
            await (fault.IsOfOneSilo ? Break(fault, silo, stop) : Trouble(fault, stop));
        }
        catch (Exception failed) when (failed is InvalidOperationException or IOException or TimeoutException)
        {
            say($"{fault} couldn't be brought about: {failed.Message}");
        }
        finally
        {
            if (fault.IsOfOneSilo) (silo.IsWhole, broken) = (true, 0);
            say($"#{fault.Number} is over");
        }
    }

    private async Task Break(Fault fault, SiloProcess silo, CancellationToken stop)
    {
        switch (fault.Kind)
        {
            case FaultKind.Kill or FaultKind.LongKill:
                await silo.Down("KILL", () => For(fault.Length, stop));
                break;
            case FaultKind.Restart:
                await silo.Down("TERM", () => For(fault.Length, stop));
                break;
            case FaultKind.Pause:
                var pid = silo.Pid;
                await Shell.Signal(pid, "STOP");
                await For(fault.Length, stop);
                await Shell.Signal(pid, "CONT");
                break;
            case FaultKind.Cut or FaultKind.Hold:
                if (fault.Kind is FaultKind.Cut) silo.Database!.Refuse();
                else silo.Database!.Hold();
                await For(fault.Length, stop);
                silo.Database.Mend();
                break;
            case FaultKind.FullDisk:
                await silo.Disk!.Fill();
                await For(fault.Length, stop);
                silo.Disk.Free();
                break;
        }

        // The next one comes when this one is whole again, or has had the time for it.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            while (!await Cluster.IsReady(silo, limit.Token)) await Task.Delay(250, limit.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            say($"silo {silo.Number} isn't ready 30 s after #{fault.Number}");
        }
        catch (OperationCanceledException)
        {
            // the suite looks at all of them in the end
        }
    }

    private async Task Trouble(Fault fault, CancellationToken stop)
    {
        var site = theatre.GitHub.Site;
        var dice = new Random(fault.Chance);
        switch (fault.Kind)
        {
            case FaultKind.RestartPostgres:
                await theatre.Postgres!.Restart();
                break;
            case FaultKind.Webhooks:
                site.Webhooks.Mischief = new() { Seed = fault.Chance, Lost = 0.3, Doubled = 0.3, Late = 0.4, Forged = 0.1, LatestMs = 5000 };
                await For(fault.Length, stop);
                site.Webhooks.Mischief = null;
                break;
            case FaultKind.GitHubErrors:
                for (var calls = dice.Next(3, 15); calls > 0; calls--) site.Faults.Add(new() { Skip = dice.Next(3), Status = dice.Next(3) switch { 0 => 500, 1 => 502, _ => 503 } });
                break;
            case FaultKind.GitHubResets:
                for (var calls = dice.Next(2, 8); calls > 0; calls--) site.Faults.Add(dice.Next(2) == 0 ? new() { Skip = dice.Next(3), Reset = true } : new() { Method = "POST", ResetAfter = true });
                break;
        }
    }

    /// <summary>What waited when the silo went.</summary>
    private async Task Remember(Fault fault, SiloProcess silo)
    {
        var at = TimeProvider.System.GetUtcNow();
        foreach (var other in theatre.Silos.Where(other => other != silo))
        {
            if (await Cluster.Try(other, HttpMethod.Get, "tasks?owner=all&limit=200", null, CancellationToken.None) is not { Status: System.Net.HttpStatusCode.OK, Body: var body }) continue;
            var tasks = System.Text.Json.JsonSerializer.Deserialize<TaskList>(body, Core.AmpxJson.Options)!.Tasks;
            Deaths.Enqueue(new(silo.Number, at, fault.Length, [.. tasks.Where(task => task.Phase is Phase.WaitingForCi).Select(task => task.Repo).Distinct()]));
            return;
        }

        Deaths.Enqueue(new(silo.Number, at, fault.Length, []));
    }

    /// <summary>A fault is cut short, never left unmended.</summary>
    private static async Task For(TimeSpan length, CancellationToken stop)
    {
        try
        {
            await Task.Delay(length, stop);
        }
        catch (OperationCanceledException)
        {
            // its end comes early
        }
    }
}
