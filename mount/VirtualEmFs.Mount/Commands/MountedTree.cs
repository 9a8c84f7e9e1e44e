using VirtualEmFs.Mount.Status;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Commands;

/// <summary>A tree ready to be mounted, with what it tells about itself.</summary>
/// <param name="Status">Its figures, at once, whatever the disks do; null where it has none.</param>
/// <param name="DescribeNode">Path of a node; null where it does not know.</param>
/// <param name="Disposal">What ends with the mount, in this order.</param>
internal sealed record MountedTree(
    IFileTree Tree, Func<TreeStatus>? Status = null, Func<ulong, string?>? DescribeNode = null, params IReadOnlyList<IDisposable> Disposal)
    : IDisposable
{
    // A thread that hangs in a read of a dead disk never joins: the process must end all the same.
    private static readonly TimeSpan s_disposeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The tree takes changes.</summary>
    public bool IsWritable { get; init; }

    /// <summary>Ends everything, or gives up after 5 s and leaves the rest to the end of the process.</summary>
    public void Dispose()
    {
        _ = Task.Factory.StartNew(
            () =>
            {
                foreach (IDisposable part in Disposal)
                {
                    part.Dispose();
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Wait(s_disposeTimeout);
    }
}
