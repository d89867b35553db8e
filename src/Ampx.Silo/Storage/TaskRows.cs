using System.Data.Common;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Storage;

/// <summary>The index's rows for wake grains, queue and workers.</summary>
public sealed class TaskRows(DbDataSource readers, StoredStates stored) : ITaskRows
{
    private const string Runs = "SELECT task_id, run_id, worker_id, run_kind, phase, step, owner, repo FROM task_index";

    private const int MostParameters = 500;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DueTask>> Due(int shard, DateTimeOffset now, int limit, CancellationToken cancel) => await readers.Rows(
        "SELECT task_id, phase, next_wake_at FROM task_index WHERE shard = @shard AND next_wake_at <= @now ORDER BY next_wake_at LIMIT @limit",
        new { shard, now = now.ToUnixTimeMilliseconds(), limit },
        row => new DueTask(row.GetString(0), row.Word<Phase>(1), row.Time(2)), cancel);

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> NextDue(int shard, DateTimeOffset now, CancellationToken cancel) => (await readers.Rows(
        "SELECT min(next_wake_at) FROM task_index WHERE shard = @shard AND next_wake_at > @now",
        new { shard, now = now.ToUnixTimeMilliseconds() }, row => row.TimeOrNull(0), cancel)).Single();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PhaseRow>> InPhases(int shard, IReadOnlyCollection<Phase> phases, CancellationToken cancel) => phases.Count == 0 ? [] : await readers.Rows(
        $"SELECT task_id, phase, step, updated_at FROM task_index WHERE phase IN ({string.Join(", ", phases.Select(p => $"'{AmpxJson.Word(p)}'"))}) AND shard = @shard ORDER BY updated_at",
        new { shard }, row => new PhaseRow(row.GetString(0), row.Word<Phase>(1), row.GetInt32(2), row.Time(3)), cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WaitingStep>> StepsWaitingForWorker(CancellationToken cancel) => await readers.Rows(
        """
        SELECT task_id, step, 'agent' AS kind FROM task_index WHERE phase = 'waiting_for_worker'
        UNION ALL SELECT task_id, step, 'ci' FROM task_index WHERE phase = 'waiting_for_ci' AND forge = 'git' AND run_id IS NULL
        """,
        null, row => new WaitingStep(row.GetString(0), row.GetInt32(1), row.Word<RunKind>(2)), cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WaitingRun>> WaitingForWorker(CancellationToken cancel) => await readers.Rows(
        """
        SELECT i.task_id, i.owner, i.repo, i.step, 'agent' AS kind, i.created_at, i.updated_at, s.body FROM task_index i JOIN state_body s ON s.state_row = i.state_row WHERE i.phase = 'waiting_for_worker'
        UNION ALL
        SELECT i.task_id, i.owner, i.repo, i.step, 'ci', i.created_at, i.updated_at, s.body FROM task_index i JOIN state_body s ON s.state_row = i.state_row
        WHERE i.phase = 'waiting_for_ci' AND i.forge = 'git' AND i.run_id IS NULL
        ORDER BY 7, 1
        """,
        null, row =>
        {
            using var body = JsonDocument.Parse(row.GetString(7));
            return new WaitingRun(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.Word<RunKind>(4), row.Time(5), row.Time(6),
                body.RootElement.GetProperty("agent").GetString()!, body.RootElement.TryGetProperty("last_worker", out var last) ? last.GetString() : null);
        }, cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ClaimedRun>> RunsOf(string workerId, CancellationToken cancel) =>
        await readers.Rows($"{Runs} WHERE worker_id = @workerId ORDER BY task_id", new { workerId }, Run, cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ClaimedRun>> AllRuns(CancellationToken cancel) =>
        await readers.Rows($"{Runs} WHERE worker_id IS NOT NULL ORDER BY task_id", null, Run, cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ReposWaitingForCi(CancellationToken cancel) => await readers.Rows(
        "SELECT DISTINCT repo FROM task_index WHERE phase = 'waiting_for_ci' AND forge <> 'git'", null, row => row.GetString(0), cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TaskState>> States(IReadOnlyCollection<string> taskIds, CancellationToken cancel)
    {
        var states = new List<TaskState>();
        foreach (var ids in taskIds.Chunk(MostParameters))
        {
            var (list, args) = RowReading.In(ids);
            states.AddRange((await readers.Rows(
                $"SELECT i.task_id, s.body FROM task_index i JOIN state_body s ON s.state_row = i.state_row WHERE i.task_id IN {list}",
                args, row => stored.Read(row.GetString(0), row.GetString(1)), cancel)).OfType<TaskState>());
        }

        return states;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WaitingForCi>> WaitingForCi(IReadOnlyCollection<string> repos, CancellationToken cancel)
    {
        if (repos.Count == 0) return [];
        var (list, args) = RowReading.In(repos);
        return await readers.Rows(
            $"SELECT task_id, repo, head_sha, step, ci_since FROM task_index WHERE phase = 'waiting_for_ci' AND forge <> 'git' AND repo IN {list} ORDER BY task_id",
            args, row => new WaitingForCi(row.GetString(0), row.GetString(1), row.Text(2), row.GetInt32(3), row.TimeOrNull(4)), cancel);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AwaitedPullRequest>> PullRequestsAwaited(bool armedOnly, CancellationToken cancel)
    {
        // The number is read here: the databases look into JSON each in its own way, and few tasks have one.
        var rows = await readers.Rows(
            $"""
            SELECT i.step, i.task_id, s.body FROM task_index i JOIN state_body s ON s.state_row = i.state_row
            WHERE ((i.phase = 'done' AND i.next_wake_at IS NOT NULL){(armedOnly ? "" : " OR (i.phase = 'waiting_for_ci' AND i.forge <> 'git')")}) AND s.body LIKE '%"pull_request":_%'
            ORDER BY i.task_id
            """,
            null, row => (Step: row.GetInt32(0), Task: stored.Read(row.GetString(1), row.GetString(2))), cancel);
        return [.. rows.Where(row => row.Task?.PullRequest is not null).Select(row => new AwaitedPullRequest(row.Task!.Id, row.Task.Repo, row.Step, row.Task.PullRequest!.Number))];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> EndedBefore(DateTimeOffset time, int limit, CancellationToken cancel) => await readers.Rows(
        "SELECT task_id FROM task_index WHERE finished_at < @time ORDER BY finished_at LIMIT @limit",
        new { time = time.ToUnixTimeMilliseconds(), limit }, row => row.GetString(0), cancel);

    private static ClaimedRun Run(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.Word<RunKind>(3), row.Word<Phase>(4), row.GetInt32(5), row.GetString(6), row.GetString(7));
}
