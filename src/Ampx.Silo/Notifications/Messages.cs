using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Notifications;

/// <summary>What a notification says, by channel.</summary>
internal static class Messages
{
    public const string Webhook = "webhook", Slack = "slack";

    private const int LongestLine = 300;

    /// <summary>The request that tells of a task's end.</summary>
    /// <param name="board">Where the service is found; null if nobody said.</param>
    public static HttpRequestMessage Of(string channel, Uri url, string? secret, TaskState task, Uri? board)
    {
        var link = board is null ? null : new Uri(board, $"/t/{task.Id}").AbsoluteUri;
        var body = channel is Slack
            ? JsonSerializer.SerializeToUtf8Bytes(new { text = Text(task, link) })
            : JsonSerializer.SerializeToUtf8Bytes(new { @event = $"task.{AmpxJson.Word(task.Status)}", delivery = Delivery(task), url = link, task = TaskView.Of(task) }, AmpxJson.Options);
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") { CharSet = "utf-8" } } } };
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("ampx", "1"));
        if (channel is Slack) return request;
        request.Headers.Add("Ampx-Event", $"task.{AmpxJson.Word(task.Status)}");
        // The same when it comes again: an answer that is lost doesn't say whether the first one arrived.
        request.Headers.Add("Ampx-Delivery", Delivery(task));
        if (secret is { Length: > 0 }) request.Headers.Add("Ampx-Signature-256", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body))}");
        return request;
    }

    private static string Delivery(TaskState task) => string.Create(CultureInfo.InvariantCulture, $"{task.Id}-{task.Version}");

    /// <summary>Slack's own marks: see "Formatting text for app surfaces" in its documentation.</summary>
    private static string Text(TaskState task, string? link)
    {
        var sign = task.Status switch { Status.Success => ":white_check_mark:", Status.NeedsReview => ":eyes:", Status.Aborted => ":black_square_for_stop:", _ => ":x:" };
        var title = Escaped(task.Prompt.Split('\n', 2)[0]);
        var text = new StringBuilder($"{sign} *{AmpxJson.Word(task.Status)}* {(link is null ? title : $"<{link}|{title}>")}\n{Escaped(task.Repo)}: {Escaped(task.Summary)}");
        if ((task.PullRequest?.Url ?? task.CompareUrl) is { } url) text.Append(CultureInfo.InvariantCulture, $" <{Escaped(url)}|{(task.PullRequest is { } pr ? $"#{pr.Number}" : "compare")}>");
        return text.ToString();
    }

    private static string Escaped(string text)
    {
        var line = text.ReplaceLineEndings(" ").Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace('|', '¦');
        return line.Length <= LongestLine ? line : line[..LongestLine] + "…";
    }
}
