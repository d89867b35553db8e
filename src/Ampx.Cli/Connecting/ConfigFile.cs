using System.Text.Json;

namespace Ampx.Cli.Connecting;

/// <summary>The user's <c>config.json</c>: the shared server that <c>ampx login</c> keeps, and its token.</summary>
internal sealed record CliConfig(string? Server = null, string? Token = null);

/// <summary>Reads and writes <c>config.json</c>. It may hold a token: nobody else can read it, at no moment.</summary>
internal sealed class ConfigFile(string folder)
{
    /// <summary>What can be set, and what it is.</summary>
    public static readonly (string Name, string Words)[] Keys = [("server", "address of the service"), ("token", "API token for that server")];

    public string Path { get; } = System.IO.Path.Combine(folder, "config.json");

    /// <summary>What is in it; nothing if there is no such file.</summary>
    public CliConfig Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(Path), CliJson.Compact.CliConfig) ?? new();
        }
        catch (JsonException e)
        {
            throw CliError.Usage($"{Path} is not valid JSON (line {e.LineNumber + 1}).", "Mend it, or remove it and sign in again.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliError.Usage($"{Path} can't be read: {e.Message}");
        }
    }

    /// <summary>Replaces it in one step: whoever reads meanwhile sees the old or the new.</summary>
    public void Write(CliConfig config)
    {
        var draft = $"{Path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(folder);
            File.Delete(draft);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(draft, options)) JsonSerializer.Serialize(file, config, CliJson.Indented.CliConfig);
            File.Move(draft, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(draft)) File.Delete(draft);
            throw CliError.Failed($"{Path} can't be written: {e.Message}");
        }
    }
}
