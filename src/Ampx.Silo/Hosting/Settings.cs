using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Ampx.Silo.Hosting;

/// <summary>The settings under <c>Ampx</c>: where they come from, and that each is known and right.</summary>
public static class Settings
{
    /// <summary>The file beside the program, the file named by <c>AMPX_CONFIG</c>, the environment, flags: the last one wins.</summary>
    /// <exception cref="StartException">A file can't be read.</exception>
    public static void Load(IConfigurationBuilder configuration, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        configuration.Sources.Clear();
        Add(configuration, Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true);
        if (Environment.GetEnvironmentVariable("AMPX_CONFIG") is { Length: > 0 } file)
        {
            if (!File.Exists(file)) throw new StartException($"AMPX_CONFIG names {file}, which doesn't exist");
            Add(configuration, Path.GetFullPath(file), optional: false);
        }

        configuration.AddEnvironmentVariables();
        configuration.AddInMemoryCollection(flags);
    }

    /// <summary>Holds every value under <c>Ampx</c> against the options classes by section.</summary>
    /// <exception cref="StartException">One line: the key, the value and what is allowed.</exception>
    public static void Check(IConfiguration configuration, IReadOnlyDictionary<string, Type> sections)
    {
        var root = configuration.GetSection("Ampx");
        foreach (var child in root.GetChildren()) CheckChild(child, "", sections);
    }

    private static void Add(IConfigurationBuilder configuration, string file, bool optional)
    {
        try
        {
            configuration.AddJsonFile(file, optional, reloadOnChange: false);
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"the settings file {file} can't be read: {unreadable.GetBaseException().Message.ReplaceLineEndings(" ")}", unreadable);
        }
    }

    private static void CheckChild(IConfigurationSection node, string parent, IReadOnlyDictionary<string, Type> sections)
    {
        if (Property(sections[parent], node.Key) is { } property)
        {
            CheckValue(node, property.PropertyType, property);
            return;
        }

        var path = parent.Length == 0 ? node.Key : $"{parent}:{node.Key}";
        var section = sections.Keys.FirstOrDefault(known => known.Equals(path, StringComparison.OrdinalIgnoreCase))
            ?? throw new StartException($"{Shown(node)} is no setting of Ampx; known here: {string.Join(", ", Known(parent, sections))}");
        RefuseValue(node);
        var type = sections[section];
        if (typeof(IDictionary).IsAssignableFrom(type))
        {
            foreach (var profile in node.GetChildren()) CheckProfile(profile, type.GetGenericArguments()[1]);

            return;
        }

        foreach (var child in node.GetChildren()) CheckChild(child, section, sections);
    }

    private static void CheckProfile(IConfigurationSection profile, Type type)
    {
        RefuseValue(profile);
        foreach (var child in profile.GetChildren()) CheckLeaf(child, type);
        if (profile.Get(type) is not IValidatableObject whole) return;
        foreach (var wrong in whole.Validate(new ValidationContext(whole)))
            throw new StartException($"{string.Join(", ", wrong.MemberNames.Select(name => $"{Shown(profile)}:{name}"))} is missing: {wrong.ErrorMessage}");
    }

    private static void RefuseValue(IConfigurationSection node)
    {
        if (!string.IsNullOrEmpty(node.Value)) throw new StartException($"{Shown(node)} is '{node.Value}', but it is a section: name the setting in it that you mean ({Shown(node)}:…)");
    }

    private static void CheckLeaf(IConfigurationSection node, Type owner)
    {
        var property = Property(owner, node.Key)
            ?? throw new StartException($"{Shown(node)} is no setting of Ampx; known here: {string.Join(", ", Settable(owner).Select(p => p.Name))}");
        CheckValue(node, property.PropertyType, property);
    }

    private static void CheckValue(IConfigurationSection node, Type type, PropertyInfo property)
    {
        if (IsList(type))
        {
            if (!string.IsNullOrEmpty(node.Value)) throw new StartException($"{Shown(node)} is '{node.Value}', but it takes several values: number them, {Shown(node)}:0 is the first");
            foreach (var element in node.GetChildren()) CheckRules(element, element.Value ?? "", property);
            return;
        }

        object? value;
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        try
        {
            value = plain == typeof(string) ? node.Value : string.IsNullOrEmpty(node.Value) ? null : TypeDescriptor.GetConverter(plain).ConvertFromString(null, CultureInfo.InvariantCulture, node.Value);
        }
        catch (Exception wrong) when (wrong is ArgumentException or FormatException or NotSupportedException)
        {
            throw new StartException($"{Shown(node)} is '{node.Value}', which is no {Words(plain)}");
        }

        if ((plain.IsEnum && value is not null && !Enum.IsDefined(plain, value)) || value is Uri and not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            throw new StartException($"{Shown(node)} is '{node.Value}', which is no {Words(plain)}");
        if (value is TimeSpan { Ticks: > 0, Days: var number } && node.Value!.All(char.IsAsciiDigit))
            throw new StartException($"{Shown(node)} is '{number}', which would be days: write {TimeSpan.FromSeconds(number):c} for seconds, {number}.00:00:00 for days");
        if (value is null && Nullable.GetUnderlyingType(type) is null && plain.IsValueType) throw new StartException($"{Shown(node)} is empty: give {Words(plain)}");
        if (value is not null) CheckRules(node, value, property);
    }

    private static void CheckRules(IConfigurationSection node, object value, PropertyInfo property)
    {
        foreach (var rule in property.GetCustomAttributes<ValidationAttribute>())
        {
            if (rule.IsValid(value)) continue;
            if (rule is RequiredAttribute) throw new StartException($"{Shown(node)} is empty: give a value, or take the key out for the default");
            throw new StartException($"{Shown(node)} is '{node.Value}'; allowed: {Allowed(rule)}");
        }
    }

    private static string Shown(IConfigurationSection node) => node.Path;

    private static string Allowed(ValidationAttribute rule) => rule switch
    {
        RangeAttribute range => $"{range.Minimum} to {range.Maximum}",
        AllowedValuesAttribute words => string.Join(", ", words.Values),
        _ => rule.FormatErrorMessage("it"),
    };

    private static string Words(Type type) =>
        type == typeof(TimeSpan) ? "duration such as 00:00:15"
        : type == typeof(bool) ? "true or false"
        : type == typeof(Uri) ? "http or https URL"
        : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()))}"
        : "number";

    private static IEnumerable<string> Known(string parent, IReadOnlyDictionary<string, Type> sections) =>
        Settable(sections[parent]).Select(property => property.Name)
            .Concat(sections.Keys.Where(key => key.Length > 0 && (parent.Length == 0 ? !key.Contains(':', StringComparison.Ordinal) : key.StartsWith(parent + ":", StringComparison.Ordinal))));

    private static PropertyInfo? Property(Type type, string name) =>
        Settable(type).FirstOrDefault(property => property.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        typeof(IDictionary).IsAssignableFrom(type) ? [] : type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true } || IsList(property.PropertyType));

    private static bool IsList(Type type) => type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type);
}
