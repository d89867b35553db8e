using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Section <c>Ampx:GitHub</c>.</summary>
public sealed class GitHubOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Ampx:GitHub";

    /// <summary>The REST API's base: an Enterprise server's is <c>https://ghe.acme.com/api/v3/</c>.</summary>
    [Required] public Uri ApiUrl { get; set; } = new("https://api.github.com/");

    /// <summary>Where people and git go.</summary>
    [Required] public Uri WebUrl { get; set; } = new("https://github.com/");

    /// <summary>A personal token; also read from <c>GITHUB_TOKEN</c> and <c>GH_TOKEN</c>. Never logged.</summary>
    public string? Token { get; set; }

    /// <summary>A GitHub App's number or client ID; also read from <c>GITHUB_APP_ID</c>. An App goes before a token.</summary>
    public string? AppId { get; set; }

    /// <summary>The App's private key, a PEM file; also read from <c>GITHUB_PRIVATE_KEY_PATH</c>.</summary>
    public string? PrivateKeyPath { get; set; }

    /// <summary>Signs GitHub's webhook deliveries; without it none are taken. Never logged.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>Where no token is set, the one of <c>gh auth login</c> is used: the service works for the person who started it (mode <c>local</c>).</summary>
    internal bool AskGh { get; set; }

    /// <summary>First wait before a call is made again after a hiccup.</summary>
    internal TimeSpan HiccupDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Wait between looks at what GitHub hasn't worked out yet: whether a pull request can be merged, a log.</summary>
    internal TimeSpan LookAgain { get; set; } = TimeSpan.FromSeconds(2);

    internal Uri Rest => ApiUrl.AbsolutePath.EndsWith('/') ? ApiUrl : new Uri($"{ApiUrl}/");

    /// <summary>GraphQL stands beside REST: <c>/graphql</c>, on Enterprise <c>/api/graphql</c>.</summary>
    internal Uri GraphQL => Rest.AbsolutePath.EndsWith("/v3/", StringComparison.Ordinal) ? new Uri(Rest, "../graphql") : new Uri(Rest, "graphql");

    internal Uri Web => WebUrl.AbsolutePath.EndsWith('/') ? WebUrl : new Uri($"{WebUrl}/");
}
