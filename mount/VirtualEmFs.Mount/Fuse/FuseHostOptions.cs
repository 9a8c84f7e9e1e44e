namespace VirtualEmFs.Mount.Fuse;

/// <summary>How a tree is mounted.</summary>
/// <param name="FileSystemName">What /proc/mounts shows as the source.</param>
public sealed record FuseHostOptions(string FileSystemName)
{
    /// <summary>Changes reach the tree; otherwise the kernel refuses them.</summary>
    public bool IsWritable { get; init; }

    /// <summary>Other users may use the mount; for anyone but root, /etc/fuse.conf must allow that.</summary>
    public bool AllowOther { get; init; }

    /// <summary>
    /// Threads that receive requests. None of them waits for a disk; they copy replies, and rescale what is cached: two at least, so that one
    /// copies while another takes the next request, and one for each core up to 8, where the memory's bandwidth ends.
    /// </summary>
    public int ServingThreads { get; init; } = DefaultServingThreads;

    internal static int DefaultServingThreads => Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>Age at which a request is logged as waiting.</summary>
    public TimeSpan StalledAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Path of a node, for the log and the status; null where the tree does not know it.</summary>
    public Func<ulong, string?> DescribeNode { get; init; } = static _ => null;

    /// <summary>A failure for tests to provoke; null outside them.</summary>
    public FaultSeam? Fault { get; init; }
}
