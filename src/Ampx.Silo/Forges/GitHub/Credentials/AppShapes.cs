namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>What GitHub answers to an App, as far as it is needed; Octokit fills it by its own names.</summary>
internal static class AppShapes
{
    internal sealed class App
    {
        public string Slug { get; set; } = "";
        public string Name { get; set; } = "";
        public string HtmlUrl { get; set; } = "";
    }

    internal sealed class Installation
    {
        public long Id { get; set; }
        public Account? Account { get; set; }
        public string? HtmlUrl { get; set; }
        public DateTimeOffset? SuspendedAt { get; set; }
        public Dictionary<string, string>? Permissions { get; set; }
    }

    internal sealed class Account
    {
        public string? Login { get; set; }
    }

    internal sealed class Minted
    {
        public string Token { get; set; } = "";
        public DateTimeOffset? ExpiresAt { get; set; }
        public Dictionary<string, string>? Permissions { get; set; }
    }

    internal sealed class Numbered
    {
        public long Id { get; set; }
    }
}
