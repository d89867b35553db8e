using System.ComponentModel.DataAnnotations;
using Ampx.Core;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Notifications;

/// <summary><c>Ampx:Notify</c>.</summary>
public sealed class NotifyOptions
{
    private static readonly string[] Default = [AmpxJson.Word(Status.Success), AmpxJson.Word(Status.NeedsReview), AmpxJson.Word(Status.Error)];

    /// <summary>Gets a signed POST for each task that ends.</summary>
    public Uri? Url { get; set; }

    /// <summary>What these are signed with.</summary>
    public string? Secret { get; set; }

    /// <summary>An incoming webhook of Slack, or of what takes Slack's messages. It is a secret itself.</summary>
    public Uri? SlackUrl { get; set; }

    /// <summary>The ends that are told: success, needs_review and error unless given.</summary>
    [AllowedStatuses]
    public IList<string> On { get; } = [];

    /// <summary>By channel: where to.</summary>
    internal IReadOnlyDictionary<string, Uri> Channels => ((string Name, Uri? Url)[])[(Messages.Webhook, Url), (Messages.Slack, SlackUrl)] is var all
        ? all.Where(channel => channel.Url is not null).ToDictionary(channel => channel.Name, channel => channel.Url!) : [];

    internal IEnumerable<string> Statuses => On.Count > 0 ? On : Default;
}

/// <summary>How a task may end.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AllowedStatusesAttribute : ValidationAttribute
{
    private static readonly string[] Endings = [.. new[] { Status.Success, Status.NeedsReview, Status.Error, Status.Aborted }.Select(AmpxJson.Word)];

    public override bool IsValid(object? value) => value is not string word || Endings.Contains(word);

    public override string FormatErrorMessage(string name) => string.Join(", ", Endings);
}
