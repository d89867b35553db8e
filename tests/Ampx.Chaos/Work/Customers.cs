using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Ampx.Chaos.Machines;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Chaos.Work;

/// <summary>People: they start tasks until each is accepted, and abort those that would never end.</summary>
internal sealed class Customers(Theatre theatre, ChaosOptions options, Action<string> say)
{
    private readonly Random dice = new(options.Seed + 2);

    /// <summary>What was answered with 201: none of them may be gone later.</summary>
    public ConcurrentDictionary<string, Order> Accepted { get; } = [];

    /// <summary>Starts that got no answer, or a refusal for a passing cause.</summary>
    public int Unanswered { get; private set; }

    /// <summary>All orders, spread over the first half of the time.</summary>
    public async Task StartAll(IReadOnlyList<Order> orders, CancellationToken cancel)
    {
        var gap = options.Length / (options.Faults < int.MaxValue ? 5 : 2) / orders.Count;
        foreach (var order in orders)
        {
            await StartOne(order, cancel);
            await Task.Delay(gap, cancel);
        }

        say($"all {orders.Count} tasks are accepted");
    }

    /// <summary>Aborts each endless task a few seconds into its agent's work, until all tasks have ended.</summary>
    public async Task AbortEndless(CancellationToken cancel)
    {
        var seen = new Dictionary<string, int>();
        while (true)
        {
            await Task.Delay(1000, cancel);
            foreach (var task in await theatre.Cluster.Tasks(cancel))
            {
                if (task.Phase is Phase.Done or Phase.Stopping || !Order.Read(task.Prompt).Plan.IsAborted) continue;
                if (task.Phase is Phase.Agent) seen[task.Id] = seen.GetValueOrDefault(task.Id) + 1;
                if (seen.GetValueOrDefault(task.Id) < 4) continue;
                await Cluster.Try(Anyone(), HttpMethod.Patch, $"tasks/{task.Id}", new { action = "abort" }, cancel);
            }
        }
    }

    private async Task StartOne(Order order, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            var answer = await Cluster.Try(Anyone(), HttpMethod.Post, "tasks", new { repo = order.Repo, prompt = order.Prompt(tries), agent = "chaos" }, cancel);
            if (answer is { Status: HttpStatusCode.Created, Body: var body })
            {
                Accepted[JsonSerializer.Deserialize<TaskView>(body, AmpxJson.Options)!.Id] = order;
                return;
            }

            if (answer is { Status: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } refused) throw new InvalidOperationException($"task {order.Number} is refused: {(int)refused.Status} {refused.Body}");
            Unanswered++;
            await Task.Delay(500, cancel);
        }
    }

    private SiloProcess Anyone()
    {
        var whole = theatre.Silos.Where(silo => silo.IsWhole).DefaultIfEmpty(theatre.Silos[0]).ToList();
        lock (dice) return whole[dice.Next(whole.Count)];
    }
}
