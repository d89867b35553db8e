using System.Net;
using Ampx.Silo.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Notifications;

internal static class NotificationServices
{
    /// <summary>Tells others of tasks that have ended, as <c>Ampx:Notify</c> says.</summary>
    /// <param name="publicUrl">Where people find the service; null: where its gateway listens.</param>
    public static IServiceCollection AddNotifications(this IServiceCollection services, Uri? publicUrl, bool isGateway)
    {
        services.AddOptions<NotifyOptions>().BindConfiguration("Ampx:Notify");
        return services
            .AddSingleton<NotificationTable>()
            .AddHostedService(provider => ActivatorUtilities.CreateInstance<Notifier>(
                provider, provider.GetRequiredService<IOptions<NotifyOptions>>().Value, () => publicUrl ?? (isGateway ? Own(provider) : null), new HttpMessageInvoker(Network())));
    }

    private static Uri? Own(IServiceProvider provider) => provider.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address ? new Uri(Ports.Reachable(address)) : null;

    private static SocketsHttpHandler Network() => new() { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(10), AutomaticDecompression = DecompressionMethods.None };
}
