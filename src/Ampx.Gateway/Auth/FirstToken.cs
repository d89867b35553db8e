using Ampx.Core.Api;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>Makes the first admin's token of mode <c>tokens</c>, without which nobody could make another.</summary>
internal sealed partial class FirstToken(IOptions<GatewayOptions> options, ITokenStore store, TimeProvider time, ILogger<FirstToken> log)
{
    /// <summary>
    /// At a start with no token at all: that of the bootstrap file, else of the data folder's, which is made if it is missing.
    /// Where tokens are but none of an admin is still good: a new one in the data folder, never an old one that may have been revoked.
    /// </summary>
    /// <exception cref="InvalidOperationException">The file is missing or holds no token.</exception>
    public async Task Ensure(CancellationToken cancel)
    {
        var tokens = await store.All(cancel);
        if (tokens.Any(token => token.Role is Role.Admin && !token.HasExpired(time.GetUtcNow()))) return;
        var folder = options.Value.DataDirectory;
        var given = tokens.Count == 0 && !string.IsNullOrEmpty(options.Value.BootstrapTokenPath);
        var path = given ? options.Value.BootstrapTokenPath! : LocalToken.PathIn(folder);
        if (tokens.Count > 0) File.Delete(path);
        // Into the file first: whoever dies before the store has it finds it there again.
        var secret = given ? LocalToken.Read(path, "Ampx:Auth:BootstrapTokenPath names it: write a token there, or take the key out") : LocalToken.ReadOrMake(folder);
        if (await store.AddAdmin(IssuedTokens.New("bootstrap", LocalUser.Caller.Name, Role.Admin, null, time.GetUtcNow()), Secrets.HashOf(secret.Text), cancel)) LogMade(path);
        else if (!given) File.Delete(path); // Another gateway was first: its token is the one.
    }

    [LoggerMessage(LogLevel.Information, "no admin has a token: the one in {Path} is an admin's now; make others with 'ampx token create'")]
    private partial void LogMade(string path);
}
