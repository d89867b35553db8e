using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;

namespace Ampx.Cli.Commands.Completion;

/// <summary>Words that only the service knows. A shell waits for them with the cursor standing: within a second or two, or none; and no error ever.</summary>
internal sealed class RemoteWords(string? server, string? token, CancellationToken cancel)
{
    private const int Newest = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The newest tasks that are <paramref name="wanted"/>, by the ends of their ids.</summary>
    public async Task<IEnumerable<Candidate>> Tasks(Func<TaskView, bool>? wanted) =>
        (await Newests(null)).Where(task => wanted?.Invoke(task) ?? true).Select(task => new Candidate(Words.Short(task.Id), $"{Words.Of(task)}: {task.Prompt}"));

    /// <summary>The repositories of everybody's newest tasks.</summary>
    public async Task<IEnumerable<Candidate>> Repositories() => (await Newests("all")).Select(task => task.Repo).Distinct().Select(repo => new Candidate(Plain.Line(repo)));

    public async Task<IEnumerable<Candidate>> Owners() => (await Newests("all")).Select(task => task.Owner).Distinct().Select(owner => new Candidate(Plain.Line(owner)));

    public async Task<IEnumerable<Candidate>> Workers() => await Ask(async (client, soon) => (await client.Stats(soon)).Workers, []) is var workers
        ? workers.Select(worker => new Candidate(Plain.Line(worker.Name), $"{worker.Busy} of {worker.Slots} slots at work"))
        : [];

    private Task<IReadOnlyList<TaskView>> Newests(string? owner) => Ask(async (client, soon) => (IReadOnlyList<TaskView>)(await client.List(new TaskQuery(Owner: owner, Limit: Newest), null, soon)).Tasks, []);

    private async Task<T> Ask<T>(Func<AmpxClient, CancellationToken, Task<T>> ask, T otherwise)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            soon.CancelAfter(Folders.Real.Get("AMPX_COMPLETION_TIMEOUT") is { } set ? Times.Parse(set, "AMPX_COMPLETION_TIMEOUT") : Patience);
            using var client = new AmpxClient(Connection.Find(server, token, Folders.Real));
            return await ask(client, soon.Token);
        }
        catch (Exception e) when (e is CliError || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // Whoever presses Tab can't read an error there; the command itself will say it.
            return otherwise;
        }
    }
}
