using System.Collections.Concurrent;
using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>
/// Looks after tokens in use: notes when each was last used, and breaks off what a revoked or expired one still has under way, such as a log that it follows.
/// </summary>
internal sealed partial class TokenCare(IOptions<GatewayOptions> options, TimeProvider time, ILogger<TokenCare> log, ITokenStore? store = null) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    /// <summary>Nobody needs to know it to the second, and a write for each request would be dear.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> noted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> unwritten = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HttpContext, Call> calls = [];

    /// <summary>The token has just let a request in.</summary>
    public void Used(ApiToken token)
    {
        var now = time.GetUtcNow();
        var last = noted.GetValueOrDefault(token.Id, token.LastUsedAt ?? DateTimeOffset.MinValue);
        if (now - last < Grain) return;
        noted[token.Id] = unwritten[token.Id] = now;
    }

    /// <summary>Runs the request; ends it as soon as its token is no longer good.</summary>
    public async Task Watch(HttpContext http, RequestDelegate next)
    {
        if (http.SignedIn()?.TokenId is { } id) calls[http] = new(id);
        try
        {
            await next(http);
        }
        finally
        {
            calls.TryRemove(http, out _);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Tokens) return;
        using var timer = new PeriodicTimer(Round, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await Try(WriteUses, stoppingToken);
                await Try(EndCalls, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task Try(Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        try
        {
            await work(cancel);
        }
        catch (Exception away) when (!cancel.IsCancellationRequested)
        {
            LogAway(away.Message);
        }
    }

    private async Task WriteUses(CancellationToken cancel)
    {
        var uses = unwritten.ToArray();
        if (uses.Length == 0) return;
        await store!.Used(uses.ToDictionary(), cancel);
        // One that came meanwhile stays for the next round.
        foreach (var use in uses) unwritten.TryRemove(use);
    }

    private async Task EndCalls(CancellationToken cancel)
    {
        // Most are done within a round and never looked at again.
        var old = calls.Where(call => call.Value.Seen).ToList();
        foreach (var call in calls.Values) call.Seen = true;
        if (old.Count == 0) return;
        var good = (await store!.All(cancel)).Where(token => !token.HasExpired(time.GetUtcNow())).Select(token => token.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var (http, call) in old.Where(call => !good.Contains(call.Value.TokenId) && calls.ContainsKey(call.Key)))
        {
            LogEnded(call.TokenId);
            http.Abort();
        }
    }

    [LoggerMessage(LogLevel.Warning, "the tokens can't be looked after just now ({Why}); the next round does it")]
    private partial void LogAway(string why);

    [LoggerMessage(LogLevel.Information, "a request of token {Token}, which is no longer good, was broken off")]
    private partial void LogEnded(string token);

    private sealed class Call(string tokenId)
    {
        public string TokenId => tokenId;

        /// <summary>It was under way already in the last round.</summary>
        public bool Seen { get; set; }
    }
}
