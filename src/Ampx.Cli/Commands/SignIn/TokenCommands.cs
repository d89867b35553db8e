using Ampx.Cli.Commands.Help;
using Ampx.Cli.Output;
using Ampx.Core;
using Ampx.Core.Api;
using Cocona;

namespace Ampx.Cli.Commands.SignIn;

/// <summary>The name before the commands on API tokens.</summary>
[HasSubCommands(typeof(TokenCommands), Name, Description = "API tokens of a shared server; admins only")]
internal sealed class TokenGroup
{
    public const string Name = "token";
}

internal sealed class TokenCommands(Interrupt interrupt)
{
    [Command("create", Description = "Make an API token and print it, once; only its hash is kept")]
    [Details("Roles: a viewer reads all tasks; a member also starts tasks, and continues, aborts, merges and removes own ones; a lead does so on all; an admin also makes tokens and runs the service.")]
    [Example("ampx token create laptop --user ada", "A member's, without end; ada signs in with 'ampx login'")]
    [Example("ampx token create nightly --user ci-bot --role viewer --expires 90d", "One that reads, for 90 days")]
    public async Task<int> Create(
        [Argument("name", Description = "What it is for")] string name,
        [Option("user", Description = "Whose it is, and whose the tasks are that it starts; the name if not given", ValueName = "NAME")] string? user = null,
        [Option("role", Description = "viewer, member, lead or admin; member if not given", ValueName = "ROLE")] string? role = null,
        [Option("expires", Description = "After how long it is refused, like 12h or 90d; never if not given", ValueName = "T")] string? expires = null,
        GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var asked = new CreateToken(name, user, role is null ? null : RoleOf(role), expires is null ? null : Times.Parse(expires, "--expires"));
        var made = await ampx.Client.CreateToken(asked, interrupt.Token);
        if (ampx.Terminal.JsonOnly)
        {
            Terminal.Json(made, json => json.CreatedToken);
            return ExitCode.Done;
        }

        // Alone on stdout, so that a script can take it.
        Terminal.Line(made.Token);
        Terminal.Say($"Token {Words.Short(made.Id)} ({Plain.Line(made.Name)}) of {Plain.Line(made.User)}, {AmpxJson.Word(made.Role)}, {(made.ExpiresAt is { } end ? $"good until {end:yyyy-MM-dd HH:mm:ss} UTC" : "good until it is revoked")}. It is shown this once.");
        Terminal.Say($"Sign in with it: ampx login {ampx.Client.Server.GetLeftPart(UriPartial.Authority)}");
        return ExitCode.Done;
    }

    [Command("list", Aliases = ["ls"], Description = "All API tokens, without their secrets")]
    [Example("ampx token list", "Whose, for what, until when, and when last used")]
    public async Task<int> List(GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var list = await ampx.Client.Tokens(interrupt.Token);
        if (ampx.Terminal.JsonOnly) Terminal.Json(list, json => json.TokenList);
        else foreach (var line in TokenLines(list.Tokens, ampx.Now)) Terminal.Line(ampx.Terminal.IsScreen ? Plain.Cut(line, Terminal.Width) : line);
        return ExitCode.Done;
    }

    [Command("revoke", Description = "Revoke API tokens: from now on no gateway takes them")]
    [Example("ampx token revoke k3f9qz", "By the end of its id")]
    [Example("ampx token revoke laptop", "By its name, if only one has it")]
    public async Task<int> Revoke([Argument("token" + Arguments.More, Description = "The end of its id, or its name; several may be given")] string token, GlobalOptions options = null!)
    {
        using var ampx = Session.Open(options);
        var all = (await ampx.Client.Tokens(interrupt.Token)).Tokens;
        // First all words, then the deeds: a misspelt one shouldn't leave half of it done.
        var wanted = Arguments.Several(token).Select(word => Find(all, word)).DistinctBy(found => found.Id).ToList();
        foreach (var found in wanted)
        {
            await ampx.Client.RevokeToken(found.Id, interrupt.Token);
            if (!ampx.Terminal.JsonOnly) Terminal.Line($"{Words.Short(found.Id)}  revoked: {Plain.Line(found.Name)} of {Plain.Line(found.User)}");
        }

        if (ampx.Terminal.JsonOnly) Terminal.Json(new TokenList(wanted), json => json.TokenList);
        return ExitCode.Done;
    }

    private static ApiToken Find(IReadOnlyList<ApiToken> all, string word)
    {
        const int least = 4;
        var found = all.Where(token => token.Id.Equals(word, StringComparison.OrdinalIgnoreCase)).ToList();
        if (found.Count == 0) found = [.. all.Where(token => token.Name == word)];
        if (found.Count == 0 && word.Length >= least) found = [.. all.Where(token => token.Id.EndsWith(word, StringComparison.OrdinalIgnoreCase))];
        return found switch
        {
            [var one] => one,
            [] => throw new CliError(ExitCode.NoSuchTask, new("about:blank", "No such token", 404, $"There is no token '{Plain.Line(word)}'.", "not_found"), "'ampx token list' lists them."),
            _ => throw new CliError(ExitCode.WrongUsage, new("about:blank", "Ambiguous", 409, $"'{Plain.Line(word)}' fits {found.Count} tokens.", "ambiguous_id", Candidates: [.. found.Select(token => token.Id)]), "Give the end of the id.")
            {
                More = [.. found.Select(token => $"{token.Id}  {Plain.Line(token.Name)} of {Plain.Line(token.User)}")],
            },
        };
    }

    private static IEnumerable<string> TokenLines(IReadOnlyList<ApiToken> tokens, DateTimeOffset now) => Plain.Columns(
    [
        ["ID", "NAME", "USER", "ROLE", "LAST USED", "EXPIRES"],
        .. tokens.Select(token => new[]
        {
            Words.Short(token.Id), Plain.Line(token.Name), Plain.Line(token.User), AmpxJson.Word(token.Role),
            token.LastUsedAt is { } used ? Times.Ago(used, now) : "never",
            token.ExpiresAt is not { } end ? "never" : token.HasExpired(now) ? $"expired {Times.Ago(end, now)}" : $"in {Times.Age(now, end)}",
        }),
    ]);

    private static Role RoleOf(string word) => Enum.GetValues<Role>().Where(role => AmpxJson.Word(role) == word).Select(role => (Role?)role).FirstOrDefault()
        ?? throw CliError.Usage($"There is no role '{word}'.", Similar.To(word, [.. Enum.GetValues<Role>().Select(AmpxJson.Word)]) is { Count: > 0 } near ? Similar.Question(near) : "There are: viewer member lead admin");
}
