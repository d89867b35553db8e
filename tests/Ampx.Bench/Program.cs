using Ampx.Bench.Feedback;

return args switch
{
    ["feedback", .. var rest] => await FeedbackBench.Run(rest is [var megabytes, ..] ? int.Parse(megabytes, System.Globalization.CultureInfo.InvariantCulture) : 200),
    ["log-server", var kind, var megabytes] => await LogServer.Run(kind, int.Parse(megabytes, System.Globalization.CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: ampx-bench feedback [MEGABYTES]");
    return 2;
}
