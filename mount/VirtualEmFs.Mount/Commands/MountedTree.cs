using VirtualEmFs.Mount.Status;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Commands;

/// <summary>A tree ready to be mounted, with what it tells about itself.</summary>
/// <param name="Disposal">What ends with the mount, in this order.</param>
internal sealed record MountedTree(IFileTree Tree, params IReadOnlyList<IDisposable> Disposal) : IDisposable
{
    // A thread that hangs in a read of a dead disk never joins: the process must end all the same.
    private static readonly TimeSpan s_disposeTimeout = TimeSpan.FromSeconds(5);

    // What a writable mount leaves in order, the next one need not repeat; what it does not, that one repairs.
    private static readonly TimeSpan s_writableDisposeTimeout = TimeSpan.FromSeconds(30);

    private bool _isDisposed;

    /// <summary>Its figures, at once, whatever the disks do; null where it has none.</summary>
    public Func<TreeStatus>? Status { get; init; }

    /// <summary>Path of a node; null where it does not know.</summary>
    public Func<ulong, string?>? DescribeNode { get; init; }

    /// <summary>How writing stands, likewise at once; null on a tree that only reads.</summary>
    public Func<WritingReport>? Writing { get; init; }

    /// <summary>Answers requests for its files, in JSON; null where there are none.</summary>
    public Func<StatusRequest, CancellationToken, Task<string>>? Serve { get; init; }

    public bool IsWritable => Writing is not null;

    /// <summary>Ends everything, or gives up after a while and leaves the rest to the end of the process. Once.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _ = Task.Factory.StartNew(
            () =>
            {
                foreach (IDisposable part in Disposal)
                {
                    part.Dispose();
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Wait(IsWritable ? s_writableDisposeTimeout : s_disposeTimeout);
    }
}
