using Ampx.Core.Api;

namespace Ampx.Tests.Gateway;

/// <summary>Finds what it was told to find.</summary>
internal sealed class FakeAdmin : IAdminGrain
{
    public CheckReport Finds { get; set; } = new([], new(0, 0, 0, 0, 0, 0, 0, 0));

    /// <summary>Whether each check was to repair.</summary>
    public List<bool> Asked { get; } = [];

    public Task<CheckReport> Check(bool repair, CancellationToken cancel)
    {
        Asked.Add(repair);
        return Task.FromResult(Finds);
    }
}

/// <summary>A service with a backup of these bytes, or with a reason why it has none.</summary>
internal sealed class FakeBackup : IServiceBackup, IBackupCopy
{
    public byte[] Bytes { get; } = [.. Enumerable.Range(0, 100_000).Select(n => (byte)(n * 31))];
    public string? WhyNot { get; set; }

    /// <summary>What goes wrong when the copy is taken.</summary>
    public Exception? Trouble { get; set; }

    /// <summary>What goes wrong after half of the bytes.</summary>
    public Exception? Breaks { get; set; }

    /// <summary>Copies that were taken and not removed.</summary>
    public int Kept { get; private set; }

    public Task<IBackupCopy> Take(CancellationToken cancel)
    {
        if (Trouble is not null) throw Trouble;
        Kept++;
        return Task.FromResult<IBackupCopy>(this);
    }

    public async Task Write(Stream to, CancellationToken cancel)
    {
        await to.WriteAsync(Bytes.AsMemory(0, Bytes.Length / 2), cancel);
        if (Breaks is not null) throw Breaks;
        await to.WriteAsync(Bytes.AsMemory(Bytes.Length / 2), cancel);
    }

    public void Dispose() => Kept--;
}
