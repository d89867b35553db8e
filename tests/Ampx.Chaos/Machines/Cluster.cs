using System.Net;
using System.Text;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;

namespace Ampx.Chaos.Machines;

/// <summary>The silos as a caller sees them: whichever answers.</summary>
internal sealed class Cluster(IReadOnlyList<SiloProcess> silos)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    public IReadOnlyList<SiloProcess> Silos => silos;

    /// <summary>One call to one silo, as a careless client makes it: null if no answer came.</summary>
    public static async Task<(HttpStatusCode Status, string Body)?> Try(SiloProcess silo, HttpMethod method, string path, object? body, CancellationToken cancel)
    {
        if (silo.Token is not { } token) return null;
        using var request = new HttpRequestMessage(method, $"{silo.Url}/api/v1/{path}");
        request.Headers.Authorization = new("Bearer", token);
        if (body is not null) request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        try
        {
            using var answer = await Http.SendAsync(request, cancel);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException || (lost is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Reads from any silo that answers, however long it takes.</summary>
    public async Task<T> Get<T>(string path, CancellationToken cancel)
    {
        while (true)
        {
            foreach (var silo in silos.OrderByDescending(silo => silo.IsWhole))
            {
                if (await Try(silo, HttpMethod.Get, path, null, cancel) is { Status: HttpStatusCode.OK, Body: var body }) return JsonSerializer.Deserialize<T>(body, AmpxJson.Options)!;
            }

            await Task.Delay(250, cancel);
        }
    }

    public async Task<List<TaskView>> Tasks(CancellationToken cancel)
    {
        var all = new List<TaskView>();
        string? cursor = null;
        do
        {
            var page = await Get<TaskList>($"tasks?owner=all&limit=200{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", cancel);
            all.AddRange(page.Tasks);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return all;
    }

    public async Task<List<LogEntry>> Log(string id, CancellationToken cancel)
    {
        var all = new List<LogEntry>();
        while (true)
        {
            var page = await Get<LogPage>($"tasks/{id}/logs?limit=1000&after={(all.Count == 0 ? 0 : all[^1].Seq)}", cancel);
            if (page.Entries.Count == 0) return all;
            all.AddRange(page.Entries);
        }
    }

    /// <summary>The silo says itself that it can work.</summary>
    public static async Task<bool> IsReady(SiloProcess silo, CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"{silo.Url}/health/ready"), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException || (lost is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }
}
