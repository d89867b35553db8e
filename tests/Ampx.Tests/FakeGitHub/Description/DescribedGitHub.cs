using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Rest;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Ampx.Tests.FakeGitHub.Description.ChecksTrafficWithGitHub]

namespace Ampx.Tests.FakeGitHub.Description;

/// <summary>Starts fakes whose traffic is held against GitHub's description when the test is over.</summary>
internal static class DescribedGitHub
{
    private static readonly ConcurrentDictionary<string, Traffic> Seen = new();

    /// <param name="options">As the server takes them.</param>
    /// <param name="asksWrongly">The test makes calls that are to be refused: those that were are let pass, their answers aren't.</param>
    public static Task<FakeGitHubServer> Start(FakeGitHubOptions? options = null, bool asksWrongly = false)
    {
        var now = TestContext.Current;
        var traffic = Seen.GetOrAdd((now.Test?.UniqueID ?? now.TestClass?.UniqueID ?? now.TestCollection?.UniqueID)!, _ => new()); // of a test, or of a fixture's tests
        return FakeGitHubServer.Start((options ?? new()) with { Observe = exchange => traffic.Add(exchange, asksWrongly) });
    }

    /// <summary>What the test, or the server that it shares with others, has not been asked for yet.</summary>
    internal static IReadOnlyList<string> Strays(ITest test) =>
        [.. new[] { test.UniqueID, test.TestCase.TestClass?.UniqueID, test.TestCase.TestCollection.UniqueID }.OfType<string>()
            .SelectMany(id => Seen.GetValueOrDefault(id)?.Strays() ?? [])];
}

/// <summary>The calls of one test.</summary>
internal sealed class Traffic
{
    private readonly ConcurrentQueue<(Exchange Exchange, bool AsksWrongly)> all = new();

    public void Add(Exchange exchange, bool asksWrongly) => all.Enqueue((exchange, asksWrongly));

    /// <summary>Where calls and answers left the description. What was polled for again and again, in the same shape, is looked at once.</summary>
    public IReadOnlyList<string> Strays()
    {
        var fresh = new List<(Exchange Exchange, bool AsksWrongly)>();
        while (all.TryDequeue(out var one)) fresh.Add(one);
        return [.. fresh.DistinctBy(one => Shape(one.Exchange)).SelectMany(one => Of(one.Exchange, one.AsksWrongly)).Distinct()];
    }

    private static IEnumerable<string> Of(Exchange exchange, bool asksWrongly) => asksWrongly && exchange.Status >= 400
        ? Description.Strays.OfAnswer(exchange)
        : Description.Strays.OfRequest(exchange).Concat(Description.Strays.OfAnswer(exchange));

    private static string Shape(Exchange exchange) => string.Join('\n',
        exchange.Method, GitHubDescription.Instance.Find(exchange.Method, exchange.Path)?.Name ?? exchange.Path, exchange.Status,
        string.Join('&', exchange.Query.Select(pair => $"{pair.Key}={pair.Value}")), Shape(exchange.Body), Shape(exchange.Answer));

    private static string Shape(byte[] json)
    {
        if (json.Length == 0) return "";
        try
        {
            using var document = JsonDocument.Parse(json);
            return Shape(document.RootElement);
        }
        catch (JsonException)
        {
            return Convert.ToHexString(json);
        }
    }

    private static string Shape(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().Select(field => $"{field.Name}:{(field.Name is "status" or "state" or "conclusion" or "event" ? field.Value.ToString() : Shape(field.Value))}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Shape).Distinct())}]",
        var kind => kind.ToString(),
    };
}

/// <summary>After each test: what went between it and its fakes is as GitHub describes it.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class ChecksTrafficWithGitHubAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        var strays = DescribedGitHub.Strays(test);
        if (strays.Count > 0) Assert.Fail($"what went between the test and GitHub isn't as GitHub describes it:\n{string.Join('\n', strays)}");
    }
}
