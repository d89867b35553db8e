namespace Ampx.Silo.Forges;

/// <summary>Writes a line of Ampx's own into a task's log: what a forge couldn't do and the task goes on without. Returns at once.</summary>
public delegate void TaskNotes(string taskId, int attempt, string source, string text);
