using Ampx.Core.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Description;

/// <summary>A header that a route reads by itself.</summary>
internal sealed record TakesHeader(string Name, string Description);

/// <summary>A header that a route's good answer brings.</summary>
internal sealed record GivesHeader(string Name, string Description);

/// <summary>What a route says of itself in the API's description.</summary>
internal static class RouteWords
{
    /// <summary>Its name for generated clients, what it does, and the problems that are its own; those that every route has are added to all.</summary>
    public static RouteHandlerBuilder Says(this RouteHandlerBuilder route, string name, string summary, params int[] problems)
    {
        route.WithName(name).WithSummary(summary);
        foreach (var status in problems) route.Produces<Problem>(status, "application/problem+json");
        return route;
    }

    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder route, string header, string description) => route.WithMetadata(new TakesHeader(header, description));

    public static RouteHandlerBuilder Gives(this RouteHandlerBuilder route, string header, string description) => route.WithMetadata(new GivesHeader(header, description));
}
