using System.Runtime.InteropServices;
using System.Text;

namespace Ampx.Cli.Output;

/// <summary>The reader of a pipe has gone, as <c>head</c> does: nobody wants the rest.</summary>
internal sealed class ClosedPipeException() : IOException("The reader of this pipe has gone.");

/// <summary>Stdout takes nothing: a full disk, or it was closed.</summary>
internal sealed class UnwritableException(string why) : IOException($"stdout can't be written: {why}.");

/// <summary>
/// A standard stream that notices when its reader goes. .NET's own console stream drops what a closed pipe refuses and goes on, so that
/// <c>ampx logs -f X | head</c> would never end.
/// </summary>
internal sealed class StandardStream(int descriptor) : Stream
{
    private const int Interrupted = 4;
    private const int BrokenPipe = 32;
    private const int Talk = 2;

    /// <summary>Puts both of the process's streams on this; called once, first of all.</summary>
    public static void Install()
    {
        if (OperatingSystem.IsWindows()) return;
        Console.SetOut(Writer(1));
        Console.SetError(Writer(Talk));
    }

    private static StreamWriter Writer(int descriptor) => new(new StandardStream(descriptor), new UTF8Encoding(false), 4096) { AutoFlush = true };

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = Write(descriptor, in MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error is 11 or 35) Thread.Sleep(5); // A terminal that somebody made non-blocking.
            else if (error == Interrupted) continue;
            else if (descriptor == Talk) return; // Nobody listens. What the command does and how it ends is no other for that.
            else if (error == BrokenPipe) throw new ClosedPipeException();
            else throw new UnwritableException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

#pragma warning disable SYSLIB1054 // Generated marshalling would need unsafe code in the whole project.
    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    private static extern nint Write(int descriptor, in byte buffer, nint count);
#pragma warning restore SYSLIB1054
}
