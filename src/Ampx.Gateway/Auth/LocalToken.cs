using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Ampx.Gateway.Auth;

/// <summary>
/// The one token of mode <c>local</c>: 256 random bits in the file <c>token</c> of the data folder, made at the first start.
/// Who can read that file may do everything.
/// </summary>
public sealed class LocalToken
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int Shortest = 32;

    private LocalToken(string text) => Text = text;

    /// <summary>The secret itself.</summary>
    internal string Text { get; }

    /// <summary>The token file of <paramref name="dataDirectory"/>.</summary>
    public static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, "token");

    /// <summary>Reads the token, or makes it (file 0600, folder 0700) if there is none. Of two processes that make it at once both get the same.</summary>
    /// <exception cref="InvalidOperationException">The file is there, but holds no token.</exception>
    public static LocalToken ReadOrMake(string dataDirectory)
    {
        var path = PathIn(dataDirectory);
        if (!File.Exists(path)) Make(dataDirectory, path);
        var token = Read(path, "delete the file, and a new one is made");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, OwnerOnly);
        return token;
    }

    /// <summary>The token in a file that is there.</summary>
    /// <exception cref="InvalidOperationException">It isn't, or holds no token; <paramref name="mend"/> says what to do.</exception>
    internal static LocalToken Read(string path, string mend)
    {
        if (!File.Exists(path)) throw new InvalidOperationException($"{path} is missing; {mend}");
        var text = File.ReadAllText(path).Trim();
        if (text.Length < Shortest || text.Any(c => !char.IsAscii(c) || char.IsWhiteSpace(c) || char.IsControl(c)))
            throw new InvalidOperationException($"{path} holds no token of at least {Shortest} characters: {mend}");
        return new(text);
    }

    /// <summary>Compares in constant time.</summary>
    public bool Matches(string presented) => CryptographicOperations.FixedTimeEquals(Hash(presented), Hash(Text));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static void Make(string folder, string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var draft = Path.Combine(folder, $".token-{Guid.NewGuid():N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var file = new FileStream(draft, options))
            {
                file.Write(Encoding.ASCII.GetBytes($"{Secrets.Token()}\n"));
                file.Flush(flushToDisk: true);
            }

            MoveUnlessThere(draft, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first: its token is the one.
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>Of two processes one wins. <see cref="File.Move(string, string, bool)"/> looks first and moves then on Unix, so that both can win; a hard link is made or refused in one step.</summary>
    private static void MoveUnlessThere(string draft, string path)
    {
        if (!OperatingSystem.IsWindows() && Link(draft, path) is 0) return;
        // Also where the file system has no hard links; and where the token is there by now, this says so.
        File.Move(draft, path, overwrite: false);
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Link(string existing, string fresh);
}
