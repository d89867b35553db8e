namespace Ampx.FakeAgent;

/// <summary>Amp's commands as seen from outside.</summary>
internal static class Amp
{
    private static readonly HashSet<string> Flags =
    [
        "--stream-json", "--stream-json-thinking", "--no-archive-after-execute", "--no-ide", "--ide", "--no-notifications", "--notifications",
        "--no-color", "--color", "--dangerously-allow-all",
    ];

    private static readonly HashSet<string> WithValue =
    [
        "-m", "--mode", "--settings-file", "--mcp-config", "--log-file", "--log-level", "-l", "--label", "--visibility", "--title",
    ];

    public static int Fail(string text)
    {
        Console.Error.WriteLine($"Error: {text}");
        return 1;
    }

    public static int NewThread()
    {
        if (!HasKey)
            return Fail("Invalid or missing API key. Run 'amp login' to authenticate.");
        Console.WriteLine($"https://ampcode.com/threads/{ThreadFile.Create().Id}");
        return 0;
    }

    public static int Execute(string? threadId, string[] options)
    {
        var (execute, stream, message) = (false, false, "");
        for (var i = 0; i < options.Length; i++)
        {
            var option = options[i];
            if (option is "-x" or "--execute")
            {
                execute = true;
                if (i + 1 < options.Length && !options[i + 1].StartsWith('-'))
                    message = options[++i];
            }
            else if (WithValue.Contains(option))
                i++;
            else if (!Flags.Contains(option))
                return Fail($"error: unknown option '{option}'");
            stream |= option.StartsWith("--stream-json", StringComparison.Ordinal);
        }
        if (stream && !execute)
            return Fail("The --stream-json flag must be used with --execute");
        if (!HasKey)
        {
            Console.WriteLine("No API key found. Starting login flow…");
            Thread.Sleep(Timeout.Infinite);
        }

        using var stdin = new StreamReader(Console.OpenStandardInput());
        var prompt = $"{message}\n{stdin.ReadToEnd()}".Trim();
        if (prompt.Length == 0)
            return Fail("User message must be provided through stdin or as argument when using execute mode");

        var thread = threadId is null ? ThreadFile.Create() : ThreadFile.Find(threadId);
        if (thread is null)
            return Fail($"Thread {threadId} not found");
        using var executor = thread.TakeExecutor();
        if (executor is null)
            return Fail($"Thread {threadId} is already being executed by another client");

        var run = thread.Record(prompt, options);
        var script = Script.For(run, prompt);
        if (script.Contains("hang"))
            Thread.Sleep(Timeout.Infinite);
        return new Session(thread.Id, prompt, new EventStream(thread.Id, stream)).Play(script);
    }

    private static bool HasKey => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("AMP_API_KEY"));
}
