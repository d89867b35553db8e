using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Git;

/// <summary><c>Ampx:Git</c>.</summary>
public sealed class GitOptions
{
    [Required]
    public string AuthorName { get; set; } = "ampx";

    [Required]
    public string AuthorEmail { get; set; } = "ampx@localhost";

    /// <summary>What one fetch may bring, or one checkout lay out.</summary>
    [Required, ByteSize]
    public string SizeLimit { get; set; } = "20 GiB";

    /// <summary>Memory of one git and its helpers.</summary>
    [Required, ByteSize]
    public string MemoryLimit { get; set; } = "4 GiB";

    public long SizeLimitBytes => ByteSize.Parse(SizeLimit);

    public long MemoryLimitBytes => ByteSize.Parse(MemoryLimit);
}

/// <summary><c>Ampx:Workspaces</c>.</summary>
public sealed class WorkspaceOptions
{
    /// <summary>What kept trees may take, such as <c>20 GiB</c>.</summary>
    [Required, ByteSize]
    public string MaxDisk { get; set; } = "20 GiB";

    /// <summary>How long a tree that nobody needs is kept.</summary>
    public TimeSpan RetainFor { get; set; } = TimeSpan.FromDays(1);

    public long MaxDiskBytes => ByteSize.Parse(MaxDisk);
}
