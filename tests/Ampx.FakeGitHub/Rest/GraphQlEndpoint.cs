using System.Text.Json.Nodes;
using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;

namespace Ampx.FakeGitHub.Rest;

/// <summary>GitHub's other API, for what REST lacks: the few fields of <see cref="GraphQlFields"/>, read and answered as GraphQL is.</summary>
internal static class GraphQlEndpoint
{
    public static void MapGraphQl(this WebApplication app, Site site)
    {
        app.On(site, "POST", "/api/graphql", Handle);
        app.On(site, "POST", RestRoutes.Base + "/graphql", Handle);
    }

    private static async Task<Answer> Handle(Call call)
    {
        if (call.Text("query") is not { } query) return Answer.Error(400, "A query attribute must be specified and must be a string.");
        GraphQLDocument document;
        try
        {
            document = Parser.Parse(query);
        }
        catch (GraphQLSyntaxErrorException wrong)
        {
            return Answer.Ok(new { errors = new[] { new { message = $"Parse error: {wrong.Description}", locations = new[] { At(wrong.Location) } } } });
        }

        if (document.Definitions.OfType<GraphQLOperationDefinition>().FirstOrDefault() is not { } operation) return Answer.Ok(Invalid("An operation is missing", null));
        var data = new JsonObject();
        var errors = new JsonArray();
        try
        {
            foreach (var field in operation.SelectionSet.Selections.OfType<GraphQLField>())
            {
                var name = Key(field);
                try
                {
                    var value = await GraphQlFields.Resolve(call, operation.Operation, field.Name.StringValue, Arguments(call, field));
                    data[name] = field.SelectionSet is null || value is null ? value : Select(value, field.SelectionSet);
                }
                catch (GraphQlRefusal no)
                {
                    data[name] = null;
                    errors.Add(new JsonObject
                    {
                        ["type"] = no.Type,
                        ["path"] = new JsonArray(name),
                        ["locations"] = new JsonArray(Place(query, field)),
                        ["message"] = no.Message,
                    });
                }
            }
        }
        catch (UndefinedFieldException unknown)
        {
            return Answer.Ok(Invalid(unknown.Message, new JsonObject { ["code"] = "undefinedField", ["typeName"] = unknown.TypeName, ["fieldName"] = unknown.FieldName }));
        }

        return Answer.Ok(errors.Count == 0 ? new JsonObject { ["data"] = data } : new JsonObject { ["data"] = data, ["errors"] = errors });
    }

    private static JsonObject Invalid(string message, JsonNode? extensions) => new()
    {
        ["errors"] = new JsonArray(new JsonObject { ["message"] = message, ["extensions"] = extensions }),
    };

    private static string Key(GraphQLField field) => field.Alias?.Name.StringValue ?? field.Name.StringValue;

    private static JsonObject Place(string query, GraphQLField field)
    {
        var before = query.AsSpan(0, field.Location.Start);
        return new() { ["line"] = before.Count('\n') + 1, ["column"] = before.Length - before.LastIndexOf('\n') };
    }

    private static object At(Location location) => new { line = location.Line, column = location.Column };

    /// <summary>What was asked for of an answer, and nothing else.</summary>
    private static JsonObject Select(JsonObject value, GraphQLSelectionSet wanted)
    {
        var selected = new JsonObject();
        foreach (var selection in wanted.Selections)
        {
            switch (selection)
            {
                case GraphQLInlineFragment part when part.TypeCondition is null || part.TypeCondition.Type.Name.StringValue == (string?)value["__typename"]:
                    foreach (var (name, inner) in Select(value, part.SelectionSet).ToList()) selected[name] = inner?.DeepClone();
                    break;
                case GraphQLField field:
                    if (!value.TryGetPropertyValue(field.Name.StringValue, out var found))
                        throw new UndefinedFieldException((string?)value["__typename"] ?? "Query", field.Name.StringValue);
                    selected[Key(field)] = field.SelectionSet is { } set && found is JsonObject inside ? Select(inside, set) : found?.DeepClone();
                    break;
            }
        }

        return selected;
    }

    private static Dictionary<string, JsonNode?> Arguments(Call call, GraphQLField field) =>
        (field.Arguments?.Items ?? []).ToDictionary(argument => argument.Name.StringValue, argument => Value(argument.Value, call.Field("variables") as JsonObject));

    private static JsonNode? Value(GraphQLValue value, JsonObject? variables) => value switch
    {
        GraphQLVariable variable => variables?[variable.Name.StringValue]?.DeepClone(),
        GraphQLStringValue text => text.Value.ToString(),
        GraphQLEnumValue name => name.Name.StringValue,
        GraphQLIntValue number => long.Parse(number.Value, System.Globalization.CultureInfo.InvariantCulture),
        GraphQLTrueBooleanValue => true,
        GraphQLFalseBooleanValue => false,
        GraphQLObjectValue fields => new JsonObject((fields.Fields ?? []).Select(field => KeyValuePair.Create(field.Name.StringValue, Value(field.Value, variables)))),
        GraphQLListValue list => new JsonArray([.. (list.Values ?? []).Select(one => Value(one, variables))]),
        _ => null,
    };
}

/// <summary>GitHub can't do what was asked; it answers 200 all the same.</summary>
/// <param name="type"><c>NOT_FOUND</c>, <c>FORBIDDEN</c> or <c>UNPROCESSABLE</c>.</param>
/// <param name="message">GitHub's words.</param>
internal sealed class GraphQlRefusal(string type, string message) : Exception(message)
{
    public string Type => type;
}

/// <summary>A field that the schema lacks: nothing is carried out then.</summary>
internal sealed class UndefinedFieldException(string typeName, string name) : Exception($"Field '{name}' doesn't exist on type '{typeName}'")
{
    public string TypeName => typeName;

    public string FieldName => name;
}
