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
    public void Dispose()
    {
        foreach (IDisposable part in Disposal)
        {
            part.Dispose();
        }
    }
}
