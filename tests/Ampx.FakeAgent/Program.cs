// A stand-in for the Amp CLI: its flags, its stream, its error texts; what it does is told by directives. See --help.
using Ampx.FakeAgent;

return args switch
{
    ["--version" or "-V" or "-v" or "version"] => Print("0.0.1790142911-g7618fb (a stand-in, released never)"),
    [] or ["--help" or "-h", ..] => Print(Help.Text),
    ["threads" or "thread" or "t", "new" or "n", ..] => Amp.NewThread(),
    ["threads" or "thread" or "t", "continue" or "c", var id, .. var options] => Amp.Execute(id, options),
    ["-x" or "--execute", ..] => Amp.Execute(null, args),
    [var option, ..] when option.StartsWith('-') => Amp.Fail($"error: unknown option '{option}'"),
    [var command, ..] => Amp.Fail($"error: unknown command '{command}'"),
};

static int Print(string text)
{
    Console.WriteLine(text);
    return 0;
}
