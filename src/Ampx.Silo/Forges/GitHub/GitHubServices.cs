using Ampx.Core.Secrecy;
using Ampx.Silo.Forges.GitHub.Budgets;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Wires GitHub.</summary>
public static class GitHubServices
{
    /// <summary>Adds <see cref="GitHubForge"/> with its options (<c>Ampx:GitHub</c>, <c>Ampx:Ci</c>, <c>Ampx:PullRequest</c>).</summary>
    public static IServiceCollection AddGitHub(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<CiOptions>().BindConfiguration(CiOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<PullRequestOptions>().BindConfiguration(PullRequestOptions.Section).ValidateOnStart();
        services.AddOptions<GitHubOptions>().BindConfiguration(GitHubOptions.Section).ValidateDataAnnotations()
            .Validate(options => IsWeb(options.ApiUrl) && IsWeb(options.WebUrl), "Ampx:GitHub:ApiUrl and Ampx:GitHub:WebUrl are absolute http or https addresses")
            .ValidateOnStart()
            .PostConfigure<IConfiguration>((options, settings) =>
            {
                options.AskGh = settings["Ampx:Auth:Mode"] is null or "local";
                AppSettings.ReadEnvironment(options);
            });
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Redactor>();
        services.TryAddSingleton<GitHubBudgets>();
        // Where no cluster is, as in a check of the settings, nobody shares the credential.
        services.TryAddSingleton(provider => new GitHubClients(
            provider.GetRequiredService<IOptions<GitHubOptions>>(), provider.GetRequiredService<TimeProvider>(), GitHubClients.Network(),
            provider.GetService<IGrainFactory>() is null ? null : provider.GetRequiredService<GitHubBudgets>()));
        services.TryAddSingleton<IGitHubCredential>(provider => provider.GetRequiredService<IOptions<GitHubOptions>>().Value is { AppId: { } app, PrivateKeyPath: { } key }
            ? ActivatorUtilities.CreateInstance<AppCredential>(provider, AppKey.Read(app, key))
            : ActivatorUtilities.CreateInstance<PersonalToken>(provider));
        services.TryAddSingleton<GitHubApi>();
        services.TryAddSingleton<GitHubRemotes>();
        services.TryAddSingleton<GitHubActions>();
        services.TryAddSingleton<GitHubPullRequests>();
        services.TryAddSingleton<GitHubBranches>();
        services.TryAddSingleton<GitHubMerges>();
        services.TryAddSingleton<GitHubIssues>();
        services.TryAddSingleton<JobLogs>();
        services.TryAddSingleton<GitHubForge>();
        return services;

        static bool IsWeb(Uri? url) => url is { IsAbsoluteUri: true, Scheme: "http" or "https" };
    }
}
