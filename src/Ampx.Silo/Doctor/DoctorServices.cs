using Ampx.Silo.Doctor.GitHub;
using Ampx.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Ampx.Silo.Doctor;

public static class DoctorServices
{
    /// <summary>What <c>ampx doctor</c> looks at on this machine, in the order in which it is shown.</summary>
    public static IServiceCollection AddDoctor(this IServiceCollection services, string dataDirectory) => services
        .AddSingleton<IExam, GitExam>()
        .AddSingleton<IExam, AgentExam>()
        .AddSingleton<IExam>(services => new StorageExam(dataDirectory, hasDatabases: !services.GetRequiredService<Database>().IsShared))
        .AddSingleton<IExam, PostgresExam>()
        .AddSingleton<IExam, ListenExam>()
        .AddSingleton<RepositoryLook>()
        .AddSingleton<IExam, NewsExam>()
        .AddSingleton<IExam, GitHubExam>()
        .AddSingleton<IExam, PlainRepositoryExam>()
        .AddSingleton<Checkup>();
}
