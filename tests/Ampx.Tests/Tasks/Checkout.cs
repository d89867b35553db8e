namespace Ampx.Tests.Tasks;

/// <summary>Files of the checkout that the tests were built from.</summary>
internal static class Checkout
{
    public static string File(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Ampx.sln"))) return Path.Combine(folder.FullName, path);
        }

        throw new FileNotFoundException($"no checkout above {AppContext.BaseDirectory}", path);
    }
}
