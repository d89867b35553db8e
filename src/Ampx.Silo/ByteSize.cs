using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Ampx.Silo;

/// <summary>A setting such as <c>20 GiB</c>; not zero.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ByteSizeAttribute() : RegularExpressionAttribute(@"^(?=.*[1-9])\s*\d+(\.\d+)?\s*([KMGTkmgt]i?)?[Bb]?\s*$")
{
    public override string FormatErrorMessage(string name) => "a size such as '20 GiB'";
}

internal static class ByteSize
{
    /// <summary>Reads <c>20 GiB</c>, <c>500MB</c>, <c>1.5T</c> or a bare number of bytes; the units count by 1024.</summary>
    /// <exception cref="FormatException">It is not a size.</exception>
    public static long Parse(string size)
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
