using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Ampx.Tests.FakeGitHub.Description;

/// <summary>
/// OpenAPI's schemas as JSON schemas that are stricter than GitHub's own: a property that isn't described is a fault too,
/// since nobody should come to rely on what only the fake says.
/// </summary>
internal sealed class Schemas(JsonNode root)
{
    private const string Components = "#/components/schemas/";
    private readonly ConcurrentDictionary<JsonNode, Lazy<JsonSchema>> compiled = new(ReferenceEqualityComparer.Instance);

    /// <summary>What in the JSON is not as the schema has it, a line each.</summary>
    public IEnumerable<string> Faults(JsonNode schema, string json) =>
        compiled.GetOrAdd(schema, one => new(() => Compile(one))).Value.Validate(json).SelectMany(Told).Distinct();

    /// <summary>Whether a query parameter's text is what the schema allows.</summary>
    public IEnumerable<string> FaultsOfText(JsonNode schema, string text)
    {
        var quoted = JsonValue.Create(text).ToJsonString();
        var plain = text is "true" or "false" || (long.TryParse(text, out var number) && text == $"{number}") ? text : quoted;
        var faults = Faults(schema, plain).ToList();
        return faults.Count > 0 && plain != quoted && !Faults(schema, quoted).Any() ? [] : faults;
    }

    private static IEnumerable<string> Told(ValidationError error) => error switch
    {
        // Of alternatives, tell what is wrong with the one that comes nearest.
        ChildSchemaValidationError { Errors: var inner } when inner.Count > 0 && error.Kind is not ValidationErrorKind.NotOneOf =>
            inner.Values.Where(errors => errors.Any(one => one.Kind is not ValidationErrorKind.NullExpected)).DefaultIfEmpty(inner.Values.First())
                .Select(errors => errors.SelectMany(Told).ToList()).MinBy(told => told.Count)!,
        _ => [$"{error.Kind} at {error.Path?.TrimStart('#', '/')}"],
    };

    /// <summary>One document with the schema and all that it refers to, in the form that the validator reads.</summary>
    private JsonSchema Compile(JsonNode schema)
    {
        var definitions = new JsonObject();
        var waiting = new Queue<(string Name, bool Open)>();
        var document = Rewrite(schema, open: false, Refer);
        while (waiting.TryDequeue(out var next))
            definitions[Key(next.Name, next.Open)] = Rewrite(root["components"]!["schemas"]![next.Name]!, next.Open, Refer);
        document["definitions"] = definitions;
        return JsonSchema.FromJsonAsync(document.ToJsonString()).GetAwaiter().GetResult();

        string Refer(string name, bool open)
        {
            if (!definitions.ContainsKey(Key(name, open)))
            {
                definitions[Key(name, open)] = null;
                waiting.Enqueue((name, open));
            }

            return "#/definitions/" + Key(name, open);
        }
    }

    private static string Key(string name, bool open) => open ? name + "-open" : name;

    /// <param name="node">The schema.</param>
    /// <param name="open">It is one part of several: the others may have properties that it lacks.</param>
    /// <param name="refer">Notes that a component is needed; gives its new address.</param>
    private static JsonObject Rewrite(JsonNode node, bool open, Func<string, bool, string> refer)
    {
        var old = node.AsObject();
        var made = new JsonObject();
        var parts = old["allOf"] is not null || old["anyOf"] is not null || old["oneOf"] is not null;
        var nullable = (bool?)old["nullable"] is true;
        foreach (var (name, value) in old)
        {
            switch (name)
            {
                case "$ref": made["$ref"] = refer(((string)value!)[Components.Length..], open); break;
                case "properties": made[name] = new JsonObject(value!.AsObject().Select(property => KeyValuePair.Create(property.Key, (JsonNode?)Rewrite(property.Value!, false, refer)))); break;
                case "items" or "not": made[name] = Rewrite(value!, false, refer); break;
                case "additionalProperties" when value is JsonObject: made[name] = Rewrite(value, false, refer); break;
                // An account is one or the other; where GitHub writes this schema out, it says "both".
                case "allOf" when value!.AsArray().Any(one => (string?)one!["title"] == "Enterprise"): made["anyOf"] = List(value, open); break;
                case "allOf": made[name] = List(value, true); break;
                // GitHub's alternatives overlap: it means "one of these", not "none of the others".
                case "anyOf" or "oneOf": made["anyOf"] = List(value, open || old["properties"] is not null); break;
                case "type" when nullable && !parts: made[name] = new JsonArray((string)value!, "null"); break;
                case "enum" when nullable: made[name] = new JsonArray([.. value!.AsArray().Select(one => one?.DeepClone()), null]); break;
                case "type" or "enum" or "required" or "format" or "pattern" or "minimum" or "maximum" or "minLength" or "maxLength" or "minItems" or "maxItems"
                    or "additionalProperties" or "uniqueItems":
                    made[name] = value?.DeepClone();
                    break;
            }
        }

        if (!open && !parts && made["properties"] is not null && !made.ContainsKey("additionalProperties")) made["additionalProperties"] = false;
        return nullable && (parts || made.ContainsKey("$ref")) ? new() { ["anyOf"] = new JsonArray(made, new JsonObject { ["type"] = "null" }) } : made;

        JsonArray List(JsonNode? all, bool isPart) => new([.. all!.AsArray().Select(one => Rewrite(one!, isPart, refer))]);
    }
}
