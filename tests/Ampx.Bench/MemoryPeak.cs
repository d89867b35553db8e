using System.Diagnostics;

namespace Ampx.Bench;

/// <summary>How much more memory than at its beginning this process had at most, in MB: looked at each 5 ms.</summary>
internal sealed class MemoryPeak : IDisposable
{
    private readonly Process _self = Process.GetCurrentProcess();
    private readonly CancellationTokenSource _end = new();
    private readonly long _working, _managed, _allocated;
    private readonly Thread _watch;
    private long _mostWorking, _mostManaged;

    private MemoryPeak()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _allocated = GC.GetTotalAllocatedBytes(precise: true);
        (_working, _managed) = Now();
        (_mostWorking, _mostManaged) = (_working, _managed);
        _watch = new Thread(Watch) { IsBackground = true };
        _watch.Start();
    }

    public static MemoryPeak Begin() => new();

    /// <summary>The peaks of working set and managed heap over their first values, and all that was allocated.</summary>
    public (double Working, double Managed, double Allocated) End()
    {
        _end.Cancel();
        _watch.Join();
        return ((_mostWorking - _working) / 1048576.0, (_mostManaged - _managed) / 1048576.0, (GC.GetTotalAllocatedBytes(precise: true) - _allocated) / 1048576.0);
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _self.Dispose();
    }

    private void Watch()
    {
        do
        {
            var (working, managed) = Now();
            (_mostWorking, _mostManaged) = (Math.Max(_mostWorking, working), Math.Max(_mostManaged, managed));
        }
        while (!_end.Token.WaitHandle.WaitOne(5));
    }

    private (long Working, long Managed) Now()
    {
        _self.Refresh();
        return (_self.WorkingSet64, GC.GetTotalMemory(false));
    }
}
