using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Ampx.Silo.Git;

/// <summary><c>Ampx:Git</c>.</summary>
public sealed class GitOptions
{
    [Required]
    public string AuthorName { get; set; } = "ampx";

    [Required]
    public string AuthorEmail { get; set; } = "ampx@localhost";
}

/// <summary><c>Ampx:Workspaces</c>.</summary>
public sealed class WorkspaceOptions
{
    /// <summary>What kept trees may take, such as <c>20 GiB</c>.</summary>
    [Required, RegularExpression(@"^\s*\d+(\.\d+)?\s*([KMGT]i?)?B?\s*$", ErrorMessage = "Ampx:Workspaces:MaxDisk is a size such as '20 GiB'.")]
    public string MaxDisk { get; set; } = "20 GiB";

    /// <summary>How long a tree that nobody needs is kept.</summary>
    public TimeSpan RetainFor { get; set; } = TimeSpan.FromDays(1);

    public long MaxDiskBytes => Bytes(MaxDisk);

    /// <summary>Reads <c>20 GiB</c>, <c>500MB</c>, <c>1.5T</c> or a bare number of bytes; the units count by 1024.</summary>
    /// <exception cref="FormatException">It is not a size.</exception>
    internal static long Bytes(string size)
    {
        var text = size.Trim();
        var unit = text.TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.').Trim();
        var number = double.Parse(text[..(text.Length - unit.Length)], NumberStyles.Float, CultureInfo.InvariantCulture);
        var power = unit.ToUpperInvariant() switch
        {
            "" or "B" => 0,
            "K" or "KB" or "KIB" => 1,
            "M" or "MB" or "MIB" => 2,
            "G" or "GB" or "GIB" => 3,
            "T" or "TB" or "TIB" => 4,
            _ => throw new FormatException($"'{size}' is not a size such as '20 GiB'."),
        };
        return (long)(number * Math.Pow(1024, power));
    }
}
