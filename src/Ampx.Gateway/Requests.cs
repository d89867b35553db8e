using System.Text;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Gateway;

/// <summary>What the bodies of requests must be like.</summary>
internal static class Requests
{
    private const int MaxPrompt = 32 * 1024;
    private const int MaxAttempts = 20;

    /// <summary>The request, if all its fields can be used.</summary>
    public static StartTask Checked(this StartTask request)
    {
        var errors = new FieldErrors();
        errors.AddIf(string.IsNullOrWhiteSpace(request.Repo), "repo", "must be given: owner/name, a URL, or a path");
        errors.AddIf(string.IsNullOrWhiteSpace(request.Prompt) && request.Issue is null, "prompt", "must be given: what is to be done, in words; or give the number of an issue");
        errors.AddIf(request.Issue is < 1, "issue", "must be the number of an issue: 1 or more");
        errors.AddIf(request is { Draft: true, AutoMerge: true }, "auto_merge", "can't go with draft: a draft isn't merged");
        CheckPrompt(errors, request.Prompt);
        CheckLimits(errors, request.MaxAttempts, request.MaxTokens, request.MaxTime);
        errors.AddIf(request.Base is { } branch && !IsBranchName(branch), "base", "must be the name of a branch");
        errors.AddIf(request.Agent is { } agent && string.IsNullOrWhiteSpace(agent), "agent", "must be the name of an agent profile");
        errors.AddIf(request.Ci is { } ci && string.IsNullOrWhiteSpace(ci), "ci", "must be a command");
        errors.AddIf(request.Ci is { Length: > 4096 }, "ci", "must be at most 4096 characters; put more into a script of the repository");
        errors.ThrowIfAny();
        return request;
    }

    /// <summary>The order that the request gives; who gives it is not in it.</summary>
    public static TaskEvent ToOrder(this ChangeTask request)
    {
        var errors = new FieldErrors();
        CheckPrompt(errors, request.Prompt);
        errors.AddIf(request.Prompt is { } prompt && string.IsNullOrWhiteSpace(prompt), "prompt", "must not be empty; leave it out to run the last instruction again");
        CheckLimits(errors, request.MaxAttempts, request.MaxTokens, request.MaxTime);
        errors.AddIf(request.Action is not ("continue" or "abort" or "merge"), "action", "must be continue, abort or merge");
        if (request.Action is "abort" or "merge")
        {
            errors.AddIf(request.Prompt is not null, "prompt", "belongs to the action continue");
            errors.AddIf(request.MaxAttempts is not null, "max_attempts", "belongs to the action continue");
            errors.AddIf(request.MaxTokens is not null, "max_tokens", "belongs to the action continue");
            errors.AddIf(request.MaxTime is not null, "max_time", "belongs to the action continue");
        }

        if (request.Action is "abort" or "continue")
        {
            errors.AddIf(request.Method is not null, "method", "belongs to the action merge");
            errors.AddIf(request.DeleteBranch, "delete_branch", "belongs to the action merge");
            errors.AddIf(request.Auto, "auto", "belongs to the action merge");
            errors.AddIf(request.Force, "force", "belongs to the action merge");
        }

        errors.ThrowIfAny();
        return request.Action switch
        {
            "continue" => new ContinueRequested(request.Prompt, request.MaxAttempts, request.MaxTokens, request.MaxTime),
            "abort" => new AbortRequested(),
            _ => new MergeRequested(new(request.Method ?? MergeMethod.Squash, request.DeleteBranch, request.Auto, request.Force)),
        };
    }

    private static void CheckPrompt(FieldErrors errors, string? prompt) =>
        errors.AddIf(prompt is not null && Encoding.UTF8.GetByteCount(prompt) > MaxPrompt, "prompt", $"must be at most {MaxPrompt / 1024} KiB; put more into a file of the repository");

    private static void CheckLimits(FieldErrors errors, int? attempts, long? tokens, TimeSpan? time)
    {
        errors.AddIf(attempts is < 1 or > MaxAttempts, "max_attempts", $"must be 1 to {MaxAttempts}");
        errors.AddIf(tokens is <= 0, "max_tokens", "must be more than 0");
        errors.AddIf(time is { } limit && limit <= TimeSpan.Zero, "max_time", "must be more than 0");
    }

    /// <summary>What <c>git check-ref-format --branch</c> allows, roughly; an option's dash above all is not.</summary>
    private static bool IsBranchName(string name) =>
        name.Length is > 0 and <= 255 && name[0] is not ('-' or '/') && name[^1] is not ('/' or '.')
        && !name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || "~^:?*[\\".Contains(c, StringComparison.Ordinal))
        && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("//", StringComparison.Ordinal) && !name.Contains("@{", StringComparison.Ordinal);
}
