using Ampx.Runs;
using Ampx.Supervisor;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>The files that the kernel would show, as plain ones: who may delegate a group is not for a test to say.</summary>
public sealed class ControlGroupTests : IDisposable
{
    private static readonly RunLimits All = new() { Memory = 1024, Processes = 7, Processors = 1.5 };
    private readonly string root = Directory.CreateTempSubdirectory("ampx-group-").FullName;

    private string Own => Path.Combine(root, "service");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void A_run_starts_in_a_group_beside_the_services_and_its_limits_are_set_once_the_starter_has_left()
    {
        Kernel("cgroup.procs", "cgroup.subtree_control", "service/cgroup.procs", "ampx-r/cgroup.procs", "ampx-r/memory.max", "ampx-r/pids.max", "ampx-r/cpu.max");
        var group = ControlGroup.Make("r", All, Own)!;
        var me = $"{Environment.ProcessId}";
        Assert.Equal("started", group.Within(() =>
        {
            Assert.Equal((me, ""), (Read("ampx-r/cgroup.procs"), Read("ampx-r/pids.max")));
            return "started";
        }));
        Assert.Equal((me, "1024", "7", "150000 100000"), (Read("service/cgroup.procs"), Read("ampx-r/memory.max"), Read("ampx-r/pids.max"), Read("ampx-r/cpu.max")));
    }

    [Fact]
    public void What_the_kernel_ended_for_want_of_memory_is_told()
    {
        Kernel("cgroup.procs", "cgroup.subtree_control", "service/cgroup.procs", "ampx-r/cgroup.procs", "ampx-r/memory.max", "ampx-r/pids.max", "ampx-r/cpu.max");
        var group = ControlGroup.Make("r", All, Own)!;
        File.WriteAllText(Path.Combine(root, "ampx-r", "memory.events"), "low 0\nmax 12\noom 1\noom_kill 0\n");
        Assert.False(group.RanOutOfMemory);
        File.WriteAllText(Path.Combine(root, "ampx-r", "memory.events"), "low 0\nmax 12\noom 1\noom_kill 2\n");
        Assert.True(group.RanOutOfMemory);
    }

    [Fact]
    public void Without_a_controller_that_it_needs_there_is_none_and_nothing_is_left()
    {
        Kernel("cgroup.procs", "cgroup.subtree_control", "service/cgroup.procs");
        Assert.Null(ControlGroup.Make("r", All, Own));
        Assert.False(Directory.Exists(Path.Combine(root, "ampx-r")) || Directory.Exists(Path.Combine(Own, "ampx-r")));
    }

    [Fact]
    public void Groups_of_supervisors_that_were_killed_are_removed()
    {
        Kernel("cgroup.procs", "cgroup.subtree_control", "service/cgroup.procs");
        Directory.CreateDirectory(Path.Combine(root, "ampx-dead"));
        ControlGroup.Make("r", All, Own);
        Assert.False(Directory.Exists(Path.Combine(root, "ampx-dead")));
    }

    [Fact]
    public void A_run_without_limits_that_the_kernel_keeps_needs_none()
    {
        Kernel("cgroup.procs", "cgroup.subtree_control", "service/cgroup.procs", "ampx-r/cgroup.procs");
        Assert.Null(ControlGroup.Make("r", null, Own));
        Assert.Null(ControlGroup.Make("r", new RunLimits { Disk = 5 }, Own));
    }

    private void Kernel(params string[] files)
    {
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, file))!);
            File.WriteAllText(Path.Combine(root, file), "");
        }
    }

    private string Read(string file) => File.ReadAllText(Path.Combine(root, file));
}
