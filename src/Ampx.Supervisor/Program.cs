// ampx-supervisor FOLDER: runs the one command that FOLDER/spec.json describes, outlives whoever started it, and leaves nothing behind.
using Ampx.Supervisor;

if (args is not [var folder] || !Directory.Exists(folder))
{
    Console.Error.WriteLine("usage: ampx-supervisor RUNFOLDER");
    return 2;
}
return new Run(Path.GetFullPath(folder)).ToItsEnd();
