using System.Net;
using System.Text;
using System.Text.Encodings.Web;

namespace Ampx.Core.Secrecy;

/// <summary>How a secret looks once programs have passed it on.</summary>
internal static class SecretForms
{
    /// <summary>A shorter piece of base64 would mask words.</summary>
    private const int ShortestBase64 = 8;

    /// <summary><paramref name="secret"/> as it is, URL-encoded, in a JSON string, and in base64 wherever in the encoded text it may stand.</summary>
    public static IEnumerable<string> Of(string secret)
    {
        var url = Uri.EscapeDataString(secret);
        string[] plain = [secret, url, LowerHex(url), WebUtility.UrlEncode(secret), JavaScriptEncoder.Default.Encode(secret), JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret), secret.Replace("/", @"\/", StringComparison.Ordinal)];
        var bytes = Encoding.UTF8.GetBytes(secret);
        var coded = Enumerable.Range(0, 3).Select(before => Base64(bytes, before)).Where(text => text.Length >= ShortestBase64);
        return plain.Concat(coded.SelectMany(text => (string[])[text, text.Replace('+', '-').Replace('/', '_')])).Distinct();
    }

    /// <summary>The characters that depend on the secret alone where <paramref name="before"/> other bytes (modulo 3) stand before it.</summary>
    private static string Base64(byte[] secret, int before)
    {
        var coded = Convert.ToBase64String([.. new byte[before], .. secret]);
        var (from, to) = ((before * 8 + 5) / 6, (before + secret.Length) * 8 / 6);
        return coded[from..to];
    }

    private static string LowerHex(string url)
    {
        var text = url.ToCharArray();
        for (var at = 0; at + 2 < text.Length; at++)
            if (text[at] == '%') (text[at + 1], text[at + 2]) = (char.ToLowerInvariant(text[at + 1]), char.ToLowerInvariant(text[at + 2]));
        return new string(text);
    }
}
