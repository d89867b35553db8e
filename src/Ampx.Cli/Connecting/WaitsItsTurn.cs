using System.Net;
using Ampx.Cli.Output;

namespace Ampx.Cli.Connecting;

/// <summary>Comes again when the service says that this token asks too much: after the time that it names, for half a minute in all.</summary>
internal sealed class WaitsItsTurn(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var left = Longest; ;)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (answer.StatusCode is not HttpStatusCode.TooManyRequests || answer.Headers.RetryAfter?.Delta is not { } wait || wait > left) return answer;
            if (left == Longest) Terminal.Say($"Too many requests; going on in {wait.TotalSeconds:0} s.");
            left -= wait;
            answer.Dispose();
            await Task.Delay(wait, cancellationToken);
        }
    }
}
