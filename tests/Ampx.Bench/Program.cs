using Ampx.Bench.Feedback;
using Ampx.Bench.Secrecy;
using Ampx.Bench.Waiting;

return args switch
{
    ["feedback", .. var rest] => await FeedbackBench.Run(rest is [var megabytes, ..] ? int.Parse(megabytes, System.Globalization.CultureInfo.InvariantCulture) : 200),
    ["redaction", .. var rest] => RedactionBench.Run(rest is [var megabytes, ..] ? int.Parse(megabytes, System.Globalization.CultureInfo.InvariantCulture) : 100),
    ["log-server", var kind, var megabytes] => await LogServer.Run(kind, int.Parse(megabytes, System.Globalization.CultureInfo.InvariantCulture)),
    ["waiting", .. var rest] => await WaitingBench.Run(rest),
    ["service", var folder, var gitHub, .. var more] => await ServiceProcess.Serve(folder, gitHub, more is [var postgres] ? postgres : null),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: ampx-bench feedback [MEGABYTES] | redaction [MEGABYTES] | waiting [--tasks N] [--postgres CONNECTION]");
    return 2;
}
