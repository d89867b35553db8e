using System.Globalization;
using System.Text;

namespace Ampx.FakeGitHub;

/// <summary>Numbers as GitHub gives them today: most no longer fit 32 bits.</summary>
internal static class Ids
{
    private static long last = 7_000_000_000;
    private static int lastUser = 90_000_000;

    /// <summary>The next id, larger than 2^32.</summary>
    public static long Next() => Interlocked.Increment(ref last);

    /// <summary>The next id of an account: these still fit.</summary>
    public static int NextUser() => Interlocked.Increment(ref lastUser);

    /// <summary>GraphQL's name of a thing, e.g. <c>PR_kwDO…</c>.</summary>
    public static string Node(string kind, long id) =>
        $"{kind}_kwDO{Convert.ToBase64String(Encoding.ASCII.GetBytes(id.ToString(CultureInfo.InvariantCulture))).TrimEnd('=')}";
}
