using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Mvc;

namespace Ampx.Gateway;

/// <summary>The query of <c>GET /tasks</c>, as text: parsing here lets the answer name the field.</summary>
internal sealed record ListQuery(
    [property: FromQuery(Name = "status"), Description("Any of these, parted by commas")] string? Status,
    [property: FromQuery(Name = "repo"), Description("As the task has it")] string? Repo,
    [property: FromQuery(Name = "owner"), Description("me if not given, all, or a user's name")] string? Owner,
    [property: FromQuery(Name = "limit"), Description("1 to 200; 50 if not given")] string? Limit,
    [property: FromQuery(Name = "cursor"), Description("next_cursor of the page before")] string? Cursor)
{
    public TaskFilter Checked(Caller caller)
    {
        var errors = new FieldErrors();
        var statuses = QueryText.Words(Status)?.Select(word => QueryText.StatusOf(word, errors)).ToList();
        var limit = QueryText.Number(Limit, "limit", 1, 200, errors);
        var cursor = QueryText.Given(Cursor);
        errors.AddIf(cursor is not null && (cursor.Length != 26 || !cursor.All(char.IsAsciiLetterOrDigit)), "cursor", "must be the next_cursor of the page before");
        errors.ThrowIfAny();
        var owner = QueryText.Given(Owner) switch { null or "me" => caller.Name, "all" => null, var name => name };
        return new(statuses, QueryText.Given(Repo), owner, (int)(limit ?? 50), cursor?.ToUpperInvariant());
    }
}

/// <summary>The query of <c>GET /tasks/{id}/logs</c>.</summary>
internal sealed record LogsQuery(
    [property: FromQuery(Name = "after"), Description("Only entries after this seq")] string? After,
    [property: FromQuery(Name = "limit"), Description("1 to 10000; 1000 if not given")] string? Limit,
    [property: FromQuery(Name = "source"), Description("Any of agent, git, ci, system, parted by commas")] string? Source,
    [property: FromQuery(Name = "attempt"), Description("Only this attempt's")] string? Attempt,
    [property: FromQuery(Name = "tail"), Description("Only the last so many")] string? Tail,
    [property: FromQuery(Name = "since"), Description("A time (RFC 3339), or how long ago, such as 10m")] string? Since)
{
    private const int MaxLimit = 10_000;
    private static readonly string[] Sources = ["agent", "git", "ci", "system"];

    public LogQuery Checked(TimeProvider time)
    {
        var errors = new FieldErrors();
        var after = QueryText.Number(After, "after", 0, long.MaxValue, errors) ?? 0;
        var tail = QueryText.Number(Tail, "tail", 1, MaxLimit, errors);
        var limit = QueryText.Number(Limit, "limit", 1, MaxLimit, errors) ?? tail ?? 1000;
        var attempt = QueryText.Number(Attempt, "attempt", 1, int.MaxValue, errors);
        var sources = QueryText.Words(Source);
        errors.AddIf(sources?.Except(Sources).Any() is true, "source", $"must be one or more of {string.Join(", ", Sources)}");
        var since = QueryText.Since(Since, time.GetUtcNow(), errors);
        errors.ThrowIfAny();
        return new(after, (int)limit, sources, (int?)attempt, (int?)tail, since);
    }
}

/// <summary>The query of <c>GET /tasks/{id}/logs/stream</c>, which has no end to count from.</summary>
internal sealed record FollowQuery(
    [property: FromQuery(Name = "after"), Description("Only entries after this seq")] string? After,
    [property: FromQuery(Name = "source"), Description("Any of agent, git, ci, system, parted by commas")] string? Source,
    [property: FromQuery(Name = "attempt"), Description("Only this attempt's")] string? Attempt,
    [property: FromQuery(Name = "since"), Description("A time (RFC 3339), or how long ago, such as 10m")] string? Since)
{
    /// <param name="lastEventId">That of a follower who comes back; it goes before <c>after</c>.</param>
    /// <param name="time">For how long ago.</param>
    public LogQuery Checked(string lastEventId, TimeProvider time) =>
        new LogsQuery(lastEventId.Length > 0 ? lastEventId : After, null, Source, Attempt, null, Since).Checked(time);
}

/// <summary>The query of <c>GET /tasks/stream</c>.</summary>
internal sealed record WatchQuery(
    [property: FromQuery(Name = "status"), Description("Any of these, parted by commas")] string? Status,
    [property: FromQuery(Name = "repo"), Description("As the task has it")] string? Repo,
    [property: FromQuery(Name = "owner"), Description("me if not given, all, or a user's name")] string? Owner,
    [property: FromQuery(Name = "limit"), Description("1 to 200: so many of those that match come first; all if not given")] string? Limit)
{
    public TaskFilter Checked(Caller caller) => new ListQuery(Status, Repo, Owner, Limit, null).Checked(caller);
}

/// <summary>The query of <c>GET /stats</c>.</summary>
internal sealed record StatsQuery(
    [property: FromQuery(Name = "since"), Description("Where the series begins: a time (RFC 3339), or how long ago; 7d if not given")] string? Since,
    [property: FromQuery(Name = "bucket"), Description("How long each of its stretches is, such as 1h; 1d if not given")] string? Bucket)
{
    private const int Most = 1000;

    public (DateTimeOffset Since, TimeSpan Bucket) Checked(TimeProvider time)
    {
        var (errors, now) = (new FieldErrors(), time.GetUtcNow());
        var since = QueryText.Since(QueryText.Given(Since) ?? "7d", now, errors) ?? now;
        var bucket = QueryText.Duration(QueryText.Given(Bucket) ?? "1d");
        errors.AddIf(since > now, "since", "must not be in the future");
        errors.AddIf(bucket is null || bucket < TimeSpan.FromMinutes(1), "bucket", "must be a duration such as 1h or 1d, at least 1m");
        errors.AddIf(bucket >= TimeSpan.FromMinutes(1) && (now - since) / bucket > Most, "bucket", $"is too short: since would be cut into more than {Most} of them");
        errors.ThrowIfAny();
        return (since, bucket!.Value);
    }
}

/// <summary>Parsing of query parameters; an empty one counts as not given.</summary>
internal static partial class QueryText
{
    public static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    public static IReadOnlyList<string>? Words(string? list) =>
        Given(list)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } words ? words.Distinct().ToList() : null;

    public static long? Number(string? text, string field, long min, long max, FieldErrors errors)
    {
        if (Given(text) is null) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max) return number;
        errors.Add(field, max == long.MaxValue || max == int.MaxValue ? $"must be a whole number from {min} on" : $"must be a whole number from {min} to {max}");
        return null;
    }

    public static Status StatusOf(string word, FieldErrors errors)
    {
        foreach (var status in Enum.GetValues<Status>())
        {
            if (AmpxJson.Word(status) == word) return status;
        }

        errors.Add("status", $"has '{word}'; known are {string.Join(", ", Enum.GetValues<Status>().Select(AmpxJson.Word))}");
        return default;
    }

    /// <summary>A time (RFC 3339), or how long ago: <c>90s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c>.</summary>
    public static DateTimeOffset? Since(string? text, DateTimeOffset now, FieldErrors errors)
    {
        if (Given(text) is not { } given) return null;
        if (Duration(given) is { } ago) return ago < now - DateTimeOffset.MinValue ? now - ago : DateTimeOffset.MinValue;

        // A '+' that wasn't escaped arrives as a space.
        if (char.IsAsciiDigit(given[0]) && given.Contains('T', StringComparison.OrdinalIgnoreCase)
            && DateTimeOffset.TryParse(given.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)) return at;
        errors.Add("since", "must be a time such as 2026-01-31T12:00:00Z, or how long ago, such as 10m");
        return null;
    }

    /// <summary><c>90s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c>; the longest there is for more than that; null for anything else.</summary>
    public static TimeSpan? Duration(string text)
    {
        if (Ago().Match(text) is not { Success: true } ago) return null;
        var seconds = Part(ago, "d") * 86_400 + Part(ago, "h") * 3600 + Part(ago, "m") * 60 + Part(ago, "s");
        return seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
    }

    private static double Part(Match ago, string unit) =>
        ago.Groups[unit] is { Success: true } group ? double.Parse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?=.)((?<d>\d{1,9})d)?((?<h>\d{1,9})h)?((?<m>\d{1,9})m)?((?<s>\d{1,9})s)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Ago();
}
