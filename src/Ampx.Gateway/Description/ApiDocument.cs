using Ampx.Core.Api;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Ampx.Gateway.Description;

/// <summary>The API as it describes itself: <c>/openapi/v1.json</c> from the routes, <c>/docs</c> to read and try it.</summary>
internal static class ApiDocument
{
    public const string Docs = "/docs";

    private const string Bearer = "bearer";

    private static readonly string[] Chapters = ["Tasks", "Sign-in", "Service"];

    /// <summary>Scalar's page runs its own inline script and style; whatever it does, nothing is fetched from or sent to anywhere else.</summary>
    private const string OnlyOurs = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'";

    public static IServiceCollection AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", api =>
    {
        api.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        api.ShouldInclude = route => route.RelativePath?.StartsWith(GatewaySetup.ApiBase[1..], StringComparison.Ordinal) is true;
        api.AddOperationTransformer((operation, context, _) => Describe(operation, context));
        api.AddSchemaTransformer((schema, context, _) => Describe(schema, context));
        api.AddDocumentTransformer((document, _, _) => Describe(document));
    });

    public static void MapApiDocument(this WebApplication app)
    {
        // This one name only: of others ASP.NET would say in plain text that it doesn't know them.
        app.MapOpenApi("/openapi/v1.json");
        var docs = app.MapGroup("");
        // Scalar opens its script to everybody; here it is for those who are signed in, as all is.
        ((IEndpointConventionBuilder)docs).Finally(route => route.Metadata.OfType<IAllowAnonymous>().ToList().ForEach(open => route.Metadata.Remove(open)));
        docs.MapScalarApiReference(Docs, page =>
        {
            page.Title = "Ampx API";
            page.OpenApiRoutePattern = "/openapi/v1.json";
            page.DefaultFonts = false;
            page.Telemetry = false;
            page.HideClientButton = true;
            page.Agent = new ScalarAgentOptions { Disabled = true };
            page.Mcp = new ScalarMcpOptions { Disabled = true };
        }).ExcludeFromDescription();
    }

    /// <summary>Put on the page's answers, and on those of its script.</summary>
    public static void Guard(HttpContext http)
    {
        if (http.Request.Path.StartsWithSegments(Docs, StringComparison.OrdinalIgnoreCase) && http.Response.Headers.ContentSecurityPolicy.Count == 0)
            http.Response.Headers.ContentSecurityPolicy = OnlyOurs;
    }

    private static Task Describe(OpenApiDocument document)
    {
        document.Info = new() { Title = "Ampx", Version = "v1", Description = "Hand a coding task to an agent, come back to a green pull request." };
        // Where it is asked: behind a proxy, and in the file that is kept with the code, the service can't know its own address.
        document.Servers = [new() { Url = "/" }];
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, Description = "An API token, or the token of a service on one's own machine." },
        };
        document.Tags = new HashSet<OpenApiTag>(Chapters.Select(name => new OpenApiTag { Name = name }));
        foreach (var (path, item) in document.Paths)
        {
            foreach (var operation in item.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>())
            {
                operation.Tags = new HashSet<OpenApiTagReference> { new(ChapterOf(path), document) };
                operation.Security ??= [new() { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
            }
        }

        return Task.CompletedTask;
    }

    private static string ChapterOf(string path) => path[GatewaySetup.ApiBase.Length..].Split('/')[1] switch
    {
        "tasks" => Chapters[0],
        "signin" or "signin-links" or "session" or "whoami" or "tokens" => Chapters[1],
        _ => Chapters[2],
    };

    private static async Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<IAllowAnonymous>().Any()) operation.Security = [];
        foreach (var header in metadata.OfType<TakesHeader>())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter { Name = header.Name, In = ParameterLocation.Header, Description = header.Description, Schema = Text() });
        }

        operation.Responses ??= [];
        foreach (var answer in operation.Responses.Where(answer => answer.Key[0] == '2').Select(answer => answer.Value).OfType<OpenApiResponse>())
        {
            foreach (var header in metadata.OfType<GivesHeader>())
            {
                answer.Headers ??= new Dictionary<string, IOpenApiHeader>();
                answer.Headers[header.Name] = new OpenApiHeader { Description = header.Description, Schema = Text() };
            }
        }

        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A problem: not signed in (401), not allowed (403), a mistake in the request (400), too large (413), too many (429), or the service's own trouble (500, 503)",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new() { Schema = await context.GetOrCreateSchemaAsync(typeof(Problem)) },
            },
        };
    }

    /// <summary>Which fields a request can't go without isn't to be seen in its type: all of them may be missing, so that the answer can name each that is.</summary>
    private static Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(StartTask)) schema.Required = new HashSet<string> { "repo" };
        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(ChangeTask)) schema.Required = new HashSet<string> { "action" };
        if (context.JsonPropertyInfo is null && context.JsonTypeInfo.Type == typeof(CreateToken)) schema.Required = new HashSet<string> { "name" };
        return Task.CompletedTask;
    }

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };
}
