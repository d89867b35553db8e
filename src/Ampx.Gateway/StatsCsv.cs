using System.Globalization;
using System.Text;
using Ampx.Core.Api;

namespace Ampx.Gateway;

/// <summary>The statistics' series for spreadsheets (RFC 4180): a line for each stretch of time, times in seconds, an empty field where there is no figure.</summary>
internal static class StatsCsv
{
    private const string Header =
        "from,success,needs_review,error,aborted,time_to_green_median,time_to_green_p90,queue_wait_median,queue_wait_p90,attempts_median,attempts_p90,input_tokens,output_tokens";

    public static string Of(IEnumerable<StatsBucket> series)
    {
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var one in series) text.AppendJoin(',', Fields(one).Select(field => Convert.ToString(field, CultureInfo.InvariantCulture))).Append("\r\n");
        return text.ToString();
    }

    private static IEnumerable<object?> Fields(StatsBucket one) =>
    [
        one.From.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        one.Tasks["success"], one.Tasks["needs_review"], one.Tasks["error"], one.Tasks["aborted"],
        one.TimeToGreen.Median, one.TimeToGreen.P90, one.QueueWait.Median, one.QueueWait.P90, one.Attempts.Median, one.Attempts.P90,
        one.InputTokens, one.OutputTokens,
    ];
}
