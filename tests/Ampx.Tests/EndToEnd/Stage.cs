using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ampx.Chaos.Machines;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A throw-away machine: a home, a data folder, repositories, and the real programs beside the tests.</summary>
public sealed partial class Stage : IAsyncDisposable
{
    /// <summary>Long enough for a loaded machine; a test that needs it has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static readonly HttpClient Http = new();
    private readonly List<Process> services = [];
    private readonly StringBuilder log = new();

    public Stage()
    {
        Root = Directory.CreateTempSubdirectory("ampx-stage-").FullName;
        Data = Path.Combine(Root, "data");
        Directory.CreateDirectory(Path.Combine(Root, "home"));
        Environment = new()
        {
            ["HOME"] = Path.Combine(Root, "home"),
            ["XDG_CONFIG_HOME"] = Path.Combine(Root, "home", ".config"),
            ["XDG_DATA_HOME"] = Path.Combine(Root, "home", ".local", "share"),
            ["Ampx__DataDirectory"] = Data,
            ["Ampx__Retry__BaseDelay"] = "00:00:00.2",
            ["Ampx__Ci__PollInterval"] = "00:00:01",
            ["Ampx__Ci__SettleTime"] = "00:00:01",
            ["Ampx__Agents__amp__Sandbox"] = "none",
            ["GITHUB_TOKEN"] = null,
            ["GH_TOKEN"] = null,
            ["GITHUB_APP_ID"] = null,
            ["GITHUB_PRIVATE_KEY_PATH"] = null,
        };
    }

    public string Root { get; }
    public string Data { get; }
    public Dictionary<string, string?> Environment { get; }
    public int ServicePid => services[^1].Id;

    /// <summary>With what the service ended; null while it runs.</summary>
    public int? ServiceExit => services[^1].HasExited ? services[^1].ExitCode : null;

    /// <summary>While silos die, calls may be answered with 503.</summary>
    public bool OfCluster { get; init; }

    public static string Program(string name) => Path.Combine(AppContext.BaseDirectory, name);

    /// <summary>Makes a profile of kind command that runs <paramref name="script"/> with sh; the prompt is on its stdin.</summary>
    /// <param name="sandbox">In one most scripts couldn't tell the test what they do.</param>
    public void Agent(string name, string script, string sandbox = "none")
    {
        var file = Path.Combine(Root, $"{name}.sh");
        File.WriteAllText(file, script);
        Environment[$"Ampx__Agents__{name}__Kind"] = "command";
        Environment[$"Ampx__Agents__{name}__Command"] = "/bin/sh";
        Environment[$"Ampx__Agents__{name}__Arguments__0"] = file;
        Environment[$"Ampx__Agents__{name}__Sandbox"] = sandbox;
    }

    /// <summary>A bare repository on this machine with these files on main.</summary>
    public async Task<string> Repository(string name, params (string Path, string Text)[] files)
    {
        var bare = Path.Combine(Root, $"{name}.git");
        var work = Path.Combine(Root, $"{name}-work");
        await Git(Root, "init", "-q", "--bare", "-b", "main", bare);
        await Git(Root, "clone", "-q", bare, work);
        foreach (var (path, text) in files)
        {
            var file = Path.Combine(work, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        await Git(work, "checkout", "-q", "-b", "main");
        await Git(work, "add", "-A");
        await Git(work, "commit", "-q", "-m", "First");
        await Git(work, "push", "-q", "origin", "main");
        return bare;
    }

    public async Task<string> Git(string folder, params string[] arguments)
    {
        var (code, output, errors) = await Run("git", ["-C", folder, "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", .. arguments], null);
        return code == 0 ? output.TrimEnd() : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {errors}");
    }

    /// <summary>Starts <c>ampx up</c> as a process of its own and waits until it is ready.</summary>
    /// <param name="port">0: any that is free.</param>
    public Task Up(int port = 0) => Up(async () => (await Look("/health/ready")).IsSuccessStatusCode, port);

    /// <summary>What the services have said so far.</summary>
    public string ServiceLog
    {
        get
        {
            lock (log) return log.ToString();
        }
    }

    /// <summary>The same for a service that isn't asked as others are.</summary>
    public async Task Up(Func<Task<bool>> ready, int port = 0)
    {
        var process = Begin(AmpxProgram.Path, ["up", "--port", $"{port}", "--data", Data], null);
        services.Add(process);
        process.OutputDataReceived += (_, line) => { lock (log) log.AppendLine(line.Data); };
        process.ErrorDataReceived += (_, line) => { lock (log) log.AppendLine(line.Data); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Until(async () =>
        {
            if (process.HasExited) lock (log) throw new InvalidOperationException($"the service ended with {process.ExitCode}:\n{log}");
            return ServiceFile.Read(Data) is { } service && service.Pid == process.Id && await ready();
        }, "the service is ready");
    }

    /// <summary>SIGKILL: nothing of the service gets to say a word.</summary>
    public async Task Kill()
    {
        services[^1].Kill(entireProcessTree: false);
        await services[^1].WaitForExitAsync();
    }

    /// <summary>SIGTERM, as a machine's shutdown sends it.</summary>
    public async Task<TimeSpan> Terminate()
    {
        var since = Stopwatch.GetTimestamp();
        using (var kill = Process.Start("kill", ["-TERM", $"{ServicePid}"])) await kill.WaitForExitAsync();
        await services[^1].WaitForExitAsync().WaitAsync(Patience);
        return Stopwatch.GetElapsedTime(since);
    }

    public Task<(int Code, string Out, string Err)> Ampx(params string[] arguments) => Run(AmpxProgram.Path, arguments, null);

    /// <summary>The same for a test that reads along.</summary>
    public Process Launch(params string[] arguments) => Begin(AmpxProgram.Path, arguments, null);

    /// <summary>The same with <paramref name="input"/> on its stdin.</summary>
    public Task<(int Code, string Out, string Err)> AmpxReading(string input, params string[] arguments) => Run(AmpxProgram.Path, arguments, input);

    /// <summary>What a script of a user's does; <c>$AMPX</c> is the program, <c>$DATA</c> the data folder.</summary>
    public Task<(int Code, string Out, string Err)> Script(string text) => Run("/bin/sh", ["-c", $"AMPX={AmpxProgram.Path} DATA={Data}\n{text}"], null);

    public async Task<TaskView> Start(string repo, string prompt, params string[] more)
    {
        var (code, output, errors) = await Ampx(["start", "--json", "--repo", repo, "--task", prompt, .. more]);
        Assert.True(code == 0, $"start ended with {code}: {output}{errors}");
        return JsonSerializer.Deserialize<TaskView>(output, AmpxJson.Options)!;
    }

    /// <summary>The same over HTTP, for tests that start many.</summary>
    public async Task<TaskView> Create(object order)
    {
        var (status, body) = await Ask(HttpMethod.Post, "tasks", new StringContent(JsonSerializer.Serialize(order), Encoding.UTF8, "application/json"));
        Assert.True(status == 201, $"POST tasks: {status} {body}");
        return JsonSerializer.Deserialize<TaskView>(body, AmpxJson.Options)!;
    }

    /// <summary>Asked over HTTP: a process for each look would take the machine from those that are tested.</summary>
    public Task<TaskView> Show(string id) => Get<TaskView>($"tasks/{id}");

    /// <summary>Null while a service of a cluster can't say: the task's silo has just died.</summary>
    private async Task<TaskView?> Seen(string id)
    {
        var (status, body) = await Ask(HttpMethod.Get, $"tasks/{id}", null);
        if (status == 503 && OfCluster) return null;
        Assert.True(status == 200, $"GET tasks/{id}: {status} {body}");
        return Read<TaskView>(body);
    }

    public async Task<T> Get<T>(string path)
    {
        var (status, body) = await Ask(HttpMethod.Get, path, null);
        Assert.True(status == 200, $"GET {path}: {status} {body}");
        return JsonSerializer.Deserialize<T>(body, AmpxJson.Options)!;
    }

    /// <summary>A call that is to be refused.</summary>
    public async Task<(int Status, Problem Problem)> Post(string path, object content)
    {
        var (status, body) = await Ask(HttpMethod.Post, path, new StringContent(JsonSerializer.Serialize(content), Encoding.UTF8, "application/json"));
        return (status, JsonSerializer.Deserialize<Problem>(body, AmpxJson.Options)!);
    }

    /// <summary>A call that may or may not be taken.</summary>
    public Task<(int Status, string Body)> Send(HttpMethod method, string path, object? content) =>
        Ask(method, path, content is null ? null : new StringContent(JsonSerializer.Serialize(content), Encoding.UTF8, "application/json"));

    public static T Read<T>(string body) => JsonSerializer.Deserialize<T>(body, AmpxJson.Options)!;

    /// <summary>Any path, without the token.</summary>
    public Task<HttpResponseMessage> Look(string path) => Http.GetAsync($"{ServiceFile.Read(Data)!.Url}{path}");

    private async Task<(int Status, string Body)> Ask(HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, $"{ServiceFile.Read(Data)!.Url}/api/v1/{path}") { Content = content };
        request.Headers.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(Data, "token"))).Trim());
        try
        {
            using var answer = await Http.SendAsync(request);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException) when (ServiceExit is { } exit)
        {
            throw new InvalidOperationException($"the service ended with {exit}:\n{ServiceLog}");
        }
    }

    /// <summary>Waits until the task is as <paramref name="wanted"/> says; fails with the log when it ends otherwise.</summary>
    public async Task<TaskView> Until(string id, Func<TaskView, bool> wanted)
    {
        TaskView? task = null;
        try
        {
            await Until(async () => await Seen(id) is { } now && wanted(task = now), "the task is as expected");
            return task!;
        }
        catch (TimeoutException)
        {
            var log = await Ampx("logs", id);
            throw new TimeoutException($"task {id} is {task?.Status}/{task?.Phase}: {task?.Summary}; {task?.Error}\n{log.Out}");
        }
    }

    public async Task<TaskView> Ended(string id) => await Until(id, task => task.FinishedAt is not null && task.Phase is Phase.Done);

    public static async Task Until(Func<Task<bool>> condition, string what)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new TimeoutException($"waited {Patience.TotalSeconds} s until {what}");
            await Task.Delay(50);
        }
    }

    /// <summary>Ends the services, and the agents with them.</summary>
    public async Task Down()
    {
        foreach (var service in services.Where(service => !service.HasExited))
        {
            await Run(AmpxProgram.Path, ["down", "--data", Data, "--stop-agents"], null);
            if (!service.WaitForExit(15_000)) service.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Why what is left of the service may hold secrets that it was given; null: it may not, and the stage looks at its end.</summary>
    public string? MayHoldSecrets { get; init; }

    public async ValueTask DisposeAsync()
    {
        var secrets = new SeededSecrets(this, [.. Environment.Where(variable => Secret().IsMatch(variable.Key)).Select(variable => variable.Value).OfType<string>().Where(value => value.Length >= ShortestSecret)]);
        var argued = services.Count > 0 ? secrets.InProcesses().ToList() : [];
        await Down();
        foreach (var service in services) service.Dispose();
        try
        {
            SeededSecrets.None(argued);
            if (MayHoldSecrets is null && Directory.Exists(Data)) secrets.NotInWhatIsLeft();
        }
        finally
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    private const int ShortestSecret = 12;

    [GeneratedRegex("(TOKEN|SECRET|API_KEY|SlackUrl)$", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    private async Task<(int Code, string Out, string Err)> Run(string program, string[] arguments, string? input)
    {
        using var process = Begin(program, arguments, input);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return (process.ExitCode, await output, await errors);
    }

    private Process Begin(string program, string[] arguments, string? input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Root };
        foreach (var (name, value) in Environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();
        return process;
    }
}
