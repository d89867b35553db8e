namespace Ampx.Silo.Git;

/// <summary>A remote as git is given it: an absolute path or URL, and the token that its credential helper answers with.</summary>
public sealed record GitRemote(string Url, string? Token);
