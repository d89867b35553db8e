using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Xunit;

namespace Ampx.Tests.Forges;

public class WorkflowsTests
{
    [Theory]
    [InlineData("on: push", true, false)]
    [InlineData("on: pull_request", false, true)]
    [InlineData("'on': [push, pull_request]", true, true)]
    [InlineData("on:\n  - push\n  - workflow_dispatch", true, false)]
    [InlineData("on:\n  push:\n    branches: [main]\n  pull_request:", true, true)]
    [InlineData("on:\n  pull_request:\n    types: [opened]\n    paths: ['src/**']", false, true)]
    [InlineData("on:\n  schedule:\n    - cron: '0 0 * * *'", false, false)]
    [InlineData("on: pull_request_target", false, false)]
    [InlineData("name: CI\n\"on\": workflow_call\njobs: {}", false, false)]
    [InlineData("name: no triggers\njobs: {}", true, true)]
    [InlineData("on: [push", true, true)]
    [InlineData("\t- : ][", true, true)]
    [InlineData("", true, true)]
    [InlineData("\uFEFFon: pull_request", false, true)]
    [InlineData("on: &events [push]\njobs: {}", true, false)]
    [InlineData("x: &events [push]\non: *events", true, true)]
    [InlineData("on:\n  pull_request:\n    types: [ready_for_review]\n  push:\n    paths: [docs/**]", true, true)]
    [InlineData("on: push\non: pull_request", true, true)]
    public void Any_form_of_on_is_understood_and_what_is_unreadable_counts_as_yes(string file, bool push, bool pullRequest) =>
        Assert.Equal(new WorkflowTriggers(push, pullRequest), Workflows.Triggers(file));

    [Theory]
    [InlineData("on: ", "[")]
    [InlineData("", "{a: ")]
    [InlineData("on: push\njobs:\n  a: ", "[")]
    [InlineData("on: push\njobs: ", "- ")]
    public void A_file_that_is_nested_without_end_harms_nothing(string begin, string nest) =>
        Workflows.Triggers(begin + string.Concat(Enumerable.Repeat(nest, 100_000)));

    [Theory]
    [InlineData(PullRequestTime.Auto, "on: push", false)]
    [InlineData(PullRequestTime.Auto, "on: pull_request", true)]
    [InlineData(PullRequestTime.Green, "on: pull_request", false)]
    [InlineData(PullRequestTime.Start, "on: push", true)]
    public void The_pull_request_comes_first_where_CI_needs_it(PullRequestTime when, string file, bool first) =>
        Assert.Equal(first, new PullRequestOptions { When = when }.IsFirst([file]));
}
