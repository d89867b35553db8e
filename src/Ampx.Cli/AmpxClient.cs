using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Cli;

/// <summary>The REST interface, typed. Refusals and a server out of reach are thrown as <see cref="CliError"/>.</summary>
internal sealed class AmpxClient : IDisposable
{
    /// <summary>How long an answer may take to begin.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), LongPatience = TimeSpan.FromMinutes(30);

    /// <summary>The service says something each 15 s: after three times that the connection is dead, whatever the network believes.</summary>
    private static readonly TimeSpan StreamSilence = TimeSpan.FromSeconds(45);
    private const int MostCandidates = 10;
    private readonly HttpClient _http;
    private readonly Connection _connection;

    public AmpxClient(Connection connection)
    {
        _connection = connection;
        _http = new HttpClient(new WaitsItsTurn(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A proxy for the outside world has no way to this machine's own loopback.
            UseProxy = !connection.Server.IsLoopback,
            AllowAutoRedirect = false,
            // No traces go out from here.
            ActivityHeadersPropagator = null,
        }))
        { BaseAddress = new Uri(connection.Server, "api/v1/"), Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new("ampx", Versions.Own));
        if (connection.Token is { } token) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>The address of the service.</summary>
    public Uri Server => _connection.Server;

    /// <summary>Whether the service has served a call, so that there is one at this address.</summary>
    public bool HasServed { get; private set; }

    public Task<TaskView> Start(StartTask task, CancellationToken cancel) =>
        Ask(Post("tasks", JsonContent.Create(task, CliJson.Compact.StartTask)), CliJson.Compact.TaskView, cancel);

    public Task<TaskView> Get(string id, CancellationToken cancel) => Ask(Get($"tasks/{Escape(id)}"), json => json.TaskView, cancel);

    public Task<TaskList> List(TaskQuery query, string? cursor, CancellationToken cancel) =>
        Ask(Get($"tasks{query.Text(cursor)}"), json => json.TaskList, cancel);

    public async Task Change(string id, ChangeTask change, CancellationToken cancel)
    {
        using var answer = await Send(new(HttpMethod.Patch, $"tasks/{Escape(id)}") { Content = JsonContent.Create(change, CliJson.Compact.ChangeTask) }, cancel);
        await Check(answer, cancel);
    }

    /// <summary>Removes an ended task with its logs.</summary>
    public async Task Remove(string id, CancellationToken cancel)
    {
        using var answer = await Send(new(HttpMethod.Delete, $"tasks/{Escape(id)}"), cancel);
        await Check(answer, cancel);
    }

    public Task<Timeline> Timeline(string id, CancellationToken cancel) => Ask(Get($"tasks/{Escape(id)}/timeline"), CliJson.Compact.Timeline, cancel);

    public Task<AttemptList> Attempts(string id, CancellationToken cancel) => Ask(Get($"tasks/{Escape(id)}/attempts"), CliJson.Compact.AttemptList, cancel);

    public Task<LogPage> Logs(string id, LogSelection selection, long after, CancellationToken cancel) =>
        Ask(Get($"tasks/{Escape(id)}/logs{selection.Query(after)}"), CliJson.Compact.LogPage, cancel);

    public async Task<string> Diff(string id, CancellationToken cancel)
    {
        using var answer = await Send(Get($"tasks/{Escape(id)}/diff"), cancel);
        await Check(answer, cancel);
        return await Whole(answer.Content.ReadAsStringAsync, cancel);
    }

    public Task<SignInLink> SignIn(CancellationToken cancel) => Ask(Post("signin-links", null), CliJson.Compact.SignInLink, cancel);

    /// <summary>Who the token signs in.</summary>
    public Task<Caller> WhoAmI(CancellationToken cancel) => Ask(Get("whoami"), CliJson.Compact.Caller, cancel);

    public Task<TokenList> Tokens(CancellationToken cancel) => Ask(Get("tokens"), CliJson.Compact.TokenList, cancel);

    public Task<CreatedToken> CreateToken(CreateToken token, CancellationToken cancel) =>
        Ask(Post("tokens", JsonContent.Create(token, CliJson.Compact.CreateToken)), CliJson.Compact.CreatedToken, cancel);

    public async Task RevokeToken(string id, CancellationToken cancel)
    {
        using var answer = await Send(new(HttpMethod.Delete, $"tokens/{Escape(id)}"), cancel);
        await Check(answer, cancel);
    }

    public Task<ServerVersion> Version(CancellationToken cancel) => Ask(Get("version"), CliJson.Compact.ServerVersion, cancel);

    public Task<ServiceStats> Stats(CancellationToken cancel) => Ask(Get("stats"), CliJson.Compact.ServiceStats, cancel);

    /// <summary>The worker takes no new runs from now on; how many it still has.</summary>
    public Task<WorkerDrain> Drain(string worker, CancellationToken cancel) => Ask(Post($"silos/{Escape(worker)}/drain", null), CliJson.Compact.WorkerDrain, cancel);

    /// <summary>The checks of the service's machine, and of <paramref name="repo"/> if one is given.</summary>
    public async Task<IReadOnlyList<DoctorCheck>> Doctor(string? repo, CancellationToken cancel) =>
        (await Ask(Get($"doctor{Query.Of(("repo", repo))}"), CliJson.Compact.DoctorReport, cancel)).Checks;

    /// <summary>Compares what the service has stored; with <paramref name="repair"/> it mends what differs.</summary>
    public async Task<CheckReport> Check(bool repair, CancellationToken cancel)
    {
        using var answer = await Send(Post("admin/check", JsonContent.Create(new CheckRequest(repair), CliJson.Compact.CheckRequest)), cancel, LongPatience);
        return await Read(answer, CliJson.Compact.CheckReport, cancel);
    }

    /// <summary>Writes the service's backup to <paramref name="to"/>; <paramref name="written"/> is told how many bytes there are by now.</summary>
    public async Task Backup(Stream to, Action<long> written, CancellationToken cancel)
    {
        using var answer = await Send(Post("admin/backup", null), cancel, LongPatience);
        await Check(answer, cancel);
        await using var from = await answer.Content.ReadAsStreamAsync(cancel);
        var piece = new byte[128 * 1024];
        long bytes = 0;
        while (await Next() is > 0 and var read)
        {
            await to.WriteAsync(piece.AsMemory(0, read), cancel);
            written(bytes += read);
        }

        // What goes wrong with the file is another matter than what goes wrong with the connection.
        async Task<int> Next()
        {
            try
            {
                return await from.ReadAsync(piece, cancel);
            }
            catch (IOException broken)
            {
                throw CliError.Unreachable($"The connection to {Server.GetLeftPart(UriPartial.Authority)} broke off: {broken.Message}", "Nothing is kept of it; try again.");
            }
        }
    }

    /// <summary>Connects to a task's log stream; the events after <paramref name="after"/> end when the connection does.</summary>
    public Task<IAsyncEnumerable<SseItem<string>>> LogEvents(string id, long after, CancellationToken cancel)
    {
        var request = Get($"tasks/{Escape(id)}/logs/stream");
        request.Headers.Add("Last-Event-ID", after.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Events(request, cancel);
    }

    /// <summary>Connects to the tasks' stream; its events end when the connection does.</summary>
    public Task<IAsyncEnumerable<SseItem<string>>> TaskEvents(TaskQuery query, CancellationToken cancel) => Events(Get($"tasks/stream{query.Text(null)}"), cancel);

    private async Task<IAsyncEnumerable<SseItem<string>>> Events(HttpRequestMessage request, CancellationToken cancel)
    {
        request.Headers.Accept.Add(new("text/event-stream"));
        var answer = await Send(request, cancel);
        try
        {
            await Check(answer, cancel);
        }
        catch
        {
            answer.Dispose();
            throw;
        }

        return Items(answer, cancel);
    }

    private static async IAsyncEnumerable<SseItem<string>> Items(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var connection = answer;
        await using var body = new HeardStream(await answer.Content.ReadAsStreamAsync(cancel), StreamSilence);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancel)) yield return item;
    }

    private static HttpRequestMessage Get(string path) => new(HttpMethod.Get, path);

    private static HttpRequestMessage Post(string path, HttpContent? body) => new(HttpMethod.Post, path) { Content = body };

    private static string Escape(string id) => string.IsNullOrWhiteSpace(id) ? throw CliError.Usage("The id is empty.", "'ampx ls' lists the tasks.") : Uri.EscapeDataString(id);

    // A task's shape takes as long to build as the connection: it is built beside it, on another core.
    private async Task<T> Ask<T>(HttpRequestMessage request, Func<CliJson, JsonTypeInfo<T>> shape, CancellationToken cancel)
    {
        var built = Task.Run(() => shape(CliJson.Compact), cancel);
        using var answer = await Send(request, cancel);
        return await Read(answer, await built, cancel);
    }

    private async Task<T> Ask<T>(HttpRequestMessage request, JsonTypeInfo<T> shape, CancellationToken cancel)
    {
        using var answer = await Send(request, cancel);
        return await Read(answer, shape, cancel);
    }

    private async Task<T> Read<T>(HttpResponseMessage answer, JsonTypeInfo<T> shape, CancellationToken cancel)
    {
        await Check(answer, cancel);
        try
        {
            return await Whole(soon => answer.Content.ReadFromJsonAsync(shape, soon), cancel) ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            throw CliError.Unreachable($"{Server} answers, but not like an Ampx of this version ({Versions.Own}).", "Check --server, or update the older of the two.");
        }
    }

    /// <summary>An answer's body, which may stall or break off after its head came.</summary>
    private async Task<T> Whole<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        soon.CancelAfter(Patience);
        try
        {
            return await read(soon.Token);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            throw CliError.Unreachable($"The connection to {Server.GetLeftPart(UriPartial.Authority)} broke off: {broken.Message}", "Try again.");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw CliError.Unreachable($"{Server.GetLeftPart(UriPartial.Authority)} stopped in the middle of its answer.", "Try again.");
        }
    }

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationToken cancel, TimeSpan? patience = null)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        soon.CancelAfter(patience ?? Patience);
        try
        {
            var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, soon.Token);
            HasServed |= answer.IsSuccessStatusCode;
            if (answer.Headers.TryGetValues(Versions.Header, out var versions)) Versions.Heard(versions.First(), Server);
            return answer;
        }
        catch (HttpRequestException e)
        {
            var why = e.InnerException is SocketException socket ? socket.Message : e.InnerException?.Message ?? e.Message;
            throw CliError.Unreachable(
                $"No Ampx service answers at {Server.GetLeftPart(UriPartial.Authority)}: {why}.".Replace("..", ".", StringComparison.Ordinal),
                Server.IsLoopback ? "Start one with 'ampx up --detach', or name another with --server." : "Check --server (or AMPX_SERVER) and your network.");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw CliError.Unreachable($"{Server.GetLeftPart(UriPartial.Authority)} took longer than {(patience ?? Patience).TotalSeconds:0} s to answer.", "Try again, or look at the service's log.");
        }
        finally
        {
            request.Dispose();
        }
    }

    private async Task Check(HttpResponseMessage answer, CancellationToken cancel)
    {
        if (answer.IsSuccessStatusCode) return;
        if ((int)answer.StatusCode is >= 300 and < 400 && answer.Headers.Location is { } elsewhere)
            throw CliError.Failed($"{Server.GetLeftPart(UriPartial.Authority)} sends on to {elsewhere}.", "If that is the service, give it as --server: a token isn't sent wherever somebody points.");
        Problem? problem = null;
        try
        {
            problem = await Whole(soon => answer.Content.ReadFromJsonAsync(CliJson.Compact.Problem, soon), cancel);
        }
        catch (Exception e) when (e is JsonException or CliError or InvalidOperationException or NotSupportedException)
        {
            // Something else than Ampx answered, a proxy for example, or it broke off: its status is all there is.
        }

        var status = (int)answer.StatusCode;
        if (problem is { Code: "ambiguous_id", Candidates: { Count: > 0 } ids }) throw await Ambiguous(problem, ids, cancel);
        throw CliError.Of(problem is { Detail: not null, Code: not null } ? problem : new("about:blank", answer.ReasonPhrase ?? "Error", status, $"{Server} answered {status} {answer.ReasonPhrase}.", Code(status)), Server);
    }

    /// <summary>What each of the candidates is: their ids alone say nothing to a person.</summary>
    private async Task<CliError> Ambiguous(Problem problem, IReadOnlyList<string> ids, CancellationToken cancel)
    {
        List<string> lines = [];
        foreach (var id in ids.Take(MostCandidates))
        {
            try
            {
                var task = await Get(id, cancel);
                var line = $"{id}  {Words.Of(task),-12}  {Plain.Line(Words.Repo(task.Repo))}  {Plain.Cut(task.Prompt, 60)}";
                lines.Add(Console.IsErrorRedirected ? line : Plain.Cut(line, Terminal.Width - 2));
            }
            catch (CliError)
            {
                // Gone since, or not to be had now: its id is still a candidate.
                lines.Add(id);
            }
        }

        if (ids.Count > MostCandidates) lines.Add($"and {ids.Count - MostCandidates} more");
        return new(ExitCode.WrongUsage, problem, "Write so much of the id, from its end or its beginning, that it fits one task.") { More = lines };
    }

    private static string Code(int status) => status switch { 401 => "unauthorized", 403 => "forbidden", 404 => "not_found", _ => "http_error" };

    public void Dispose() => _http.Dispose();
}

/// <summary>Which tasks a list has.</summary>
internal sealed record TaskQuery(string? Status = null, string? Repo = null, string? Owner = null, int? Limit = null)
{
    /// <summary>Only this one; for the stream.</summary>
    public string? Id { get; init; }

    /// <summary>As a query, with the question mark; empty if there is nothing to say.</summary>
    public string Text(string? cursor)
    {
        (string Name, string? Value)[] parts = [("status", Status), ("repo", Repo), ("owner", Owner), ("limit", Limit?.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("cursor", cursor), ("id", Id)];
        return Query.Of(parts);
    }
}

/// <summary>Builds the query part of an address.</summary>
internal static class Query
{
    public static string Of(params IEnumerable<(string Name, string? Value)> parts)
    {
        var text = string.Join('&', parts.Where(part => part.Value is not null).Select(part => $"{part.Name}={Uri.EscapeDataString(part.Value!)}"));
        return text.Length == 0 ? "" : $"?{text}";
    }
}
