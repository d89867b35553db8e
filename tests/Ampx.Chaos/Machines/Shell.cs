using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Ampx.Chaos.Machines;

/// <summary>Small programs of the system.</summary>
internal static class Shell
{
    public static async Task<(int Code, string Out, string Err)> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output).TrimEnd(), (await errors).TrimEnd());
    }

    /// <exception cref="InvalidOperationException">It failed; the message has its words.</exception>
    public static async Task<string> Must(string program, params string[] arguments)
    {
        var (code, output, errors) = await Run(program, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {code}: {errors}");
    }

    /// <param name="signal"><c>KILL</c>, <c>STOP</c>, …</param>
    public static Task Signal(int pid, string signal) => Run("sh", "-c", $"kill -s {signal} {pid}");

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
