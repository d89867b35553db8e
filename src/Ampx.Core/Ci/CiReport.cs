using System.Collections.Immutable;

namespace Ampx.Core.Ci;

/// <summary>What CI said of a commit: <c>green</c>, <c>red</c>, or the error code that it ended with, and the runs behind it, the one that decided first.</summary>
[GenerateSerializer, Immutable, Alias("ampx.ci-report.v1")]
public sealed record CiReport(string Verdict, ImmutableArray<CiRun> Runs);

/// <summary>One workflow run; for a plain git repository the CI command's only run, with id 0.</summary>
[GenerateSerializer, Immutable, Alias("ampx.ci-run.v1")]
public sealed record CiRun(long Id, string Name, string? Url, string? Conclusion, ImmutableArray<CiJob> Jobs);

/// <summary>One job of a run; <see cref="FailedStep"/> is the name of the first step that failed.</summary>
[GenerateSerializer, Immutable, Alias("ampx.ci-job.v1")]
public sealed record CiJob(string Name, string? Conclusion, string? FailedStep, string? Url);
