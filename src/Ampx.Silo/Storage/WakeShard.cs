namespace Ampx.Silo.Storage;

/// <summary>Which of the 64 wake grains looks after a task. The database computes the same in its index (view <c>task_row</c>).</summary>
public static class WakeShard
{
    /// <summary>How many shards there are.</summary>
    public const int Count = 64;

    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>0..63: the last five bits of the ULID and one more, so that tasks spread evenly.</summary>
    public static int Of(string taskId)
    {
        ArgumentException.ThrowIfNullOrEmpty(taskId);
        var last = Crockford.IndexOf(taskId[^1], StringComparison.Ordinal);
        var before = taskId.Length > 1 ? Crockford.IndexOf(taskId[^2], StringComparison.Ordinal) : -1;
        return ((last * 2) + (before & 1)) & (Count - 1);
    }
}
