namespace Ampx.Gateway;

/// <summary>What is wrong with a request, by field, so that one answer names all of it.</summary>
internal sealed class FieldErrors
{
    private readonly SortedDictionary<string, List<string>> errors = new(StringComparer.Ordinal);

    /// <summary>Notes that <paramref name="field"/> (as users write it) <paramref name="is"/> wrong: "must be …".</summary>
    public void Add(string field, string @is)
    {
        if (!errors.TryGetValue(field, out var list)) errors[field] = list = [];
        list.Add(@is);
    }

    /// <summary>Notes it if <paramref name="wrong"/>.</summary>
    public void AddIf(bool wrong, string field, string @is)
    {
        if (wrong) Add(field, @is);
    }

    /// <summary>Refuses the request (400) if anything was noted.</summary>
    public void ThrowIfAny()
    {
        if (errors.Count == 0) return;
        var detail = string.Join("; ", errors.Take(10).Select(field => $"{field.Key} {string.Join(", ", field.Value)}"));
        throw new RefusedException(400, "bad_request", detail)
        {
            Errors = errors.ToDictionary(field => field.Key, field => field.Value.ToArray()),
        };
    }
}
