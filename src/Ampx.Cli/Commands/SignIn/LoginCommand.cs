using System.Text;
using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core;
using Cocona;

namespace Ampx.Cli.Commands.SignIn;

internal sealed class LoginCommand(Interrupt interrupt)
{
    [Command("login", Description = "Sign in to a shared server: tries a token and keeps both for all commands")]
    [Details("The token is asked for on the terminal, where it isn't shown, or read from stdin; an admin makes it with 'ampx token create'. Server and token are kept in config.json, which only you can read.")]
    [Example("ampx login https://ampx.example.com", "Asks for the token")]
    [Example("echo \"$TOKEN\" | ampx login https://ampx.example.com", "For scripts")]
    public async Task<int> Login([Argument("url", Description = "The server's address")] string url, GlobalOptions options = null!)
    {
        var terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        var server = Connection.Parse(url);
        var address = server.AbsoluteUri.TrimEnd('/');
        if (server is { Scheme: "http", IsLoopback: false }) terminal.Warn($"{address} is not encrypted: whoever is on the way can read the token.");
        var token = (options.Token ?? await Ask(address)).Trim();
        if (token.Length == 0 || token.Any(char.IsControl)) throw CliError.Usage("No token was given.", "An admin makes one with 'ampx token create'.");
        using var client = new AmpxClient(new(server, token));
        var who = await client.WhoAmI(interrupt.Token);
        var file = new ConfigFile(Folders.Real.Config);
        file.Write(file.Read() with { Server = address, Token = token });
        if (terminal.JsonOnly) Terminal.Json(new LoginReport(address, who.Name, who.Role), json => json.LoginReport);
        else Terminal.Line($"Signed in to {address} as {Plain.Line(who.Name)} ({AmpxJson.Word(who.Role)}).");
        if (!terminal.JsonOnly) Terminal.Say($"Kept in {file.Path}");
        return ExitCode.Done;
    }

    private async Task<string> Ask(string address)
    {
        if (Console.IsInputRedirected) return await Console.In.ReadLineAsync(interrupt.Token) ?? "";
        Console.Error.Write($"Token for {address}: ");
        // Off this thread, for Ctrl+C is heard meanwhile.
        var typed = await Task.Run(ReadHidden, interrupt.Token).WaitAsync(interrupt.Token);
        Terminal.Say();
        return typed;
    }

    private static string ReadHidden()
    {
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key is ConsoleKey.Backspace && typed.Length > 0) typed.Length--;
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }

        return typed.ToString();
    }
}
