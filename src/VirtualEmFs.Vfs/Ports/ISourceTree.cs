using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Ports;

/// <summary>Attributes of a source file or folder as the operating system gives them.</summary>
public readonly record struct SourceStat(
    SourceVersion Version, NodeKind Kind, uint Permissions, uint LinkCount, uint Uid, uint Gid, ulong DeviceNumber, long BlockCount, long AtimeNs);

/// <summary>One name of a source folder.</summary>
/// <param name="Kind">Null where the file system does not tell without a stat.</param>
public readonly record struct SourceName(string Name, NodeKind? Kind, ulong Inode);

/// <summary>The source folder, as the operating system has it. Paths are relative to it ("" is the folder itself) or absolute.</summary>
/// <remarks>Any thread. Every call may wait for the disk. Outcomes the kernel expects come back as a status, never as an exception.</remarks>
public interface ISourceTree
{
    /// <summary>Absolute path of the source folder, links resolved.</summary>
    string RootPath { get; }

    /// <summary>Absolute path of a path relative to the source.</summary>
    string FullPath(string relativePath);

    /// <param name="followLinks">stat instead of lstat.</param>
    VfsStatus Stat(string path, bool followLinks, out SourceStat stat);

    VfsStatus List(string path, out IReadOnlyList<SourceName> names);

    VfsStatus ReadLink(string path, out string target);

    /// <summary>Path with every symbolic link resolved.</summary>
    VfsStatus ResolveLinks(string path, out string fullPath);

    /// <summary>Opens a file's own bytes for reading.</summary>
    VfsStatus OpenFile(string path, out ISourceFile? file);

    VfsStatus GetCapacity(string path, out FileSystemCapacity capacity);

    VfsStatus GetExtendedAttribute(string path, string name, out byte[] value);

    VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names);
}

/// <summary>An opened source file.</summary>
public interface ISourceFile : IDisposable
{
    /// <summary>Reads at an offset; short only at the end of the file.</summary>
    VfsStatus Read(long fileOffset, Span<byte> destination, out int lengthBytes);

    VfsStatus Stat(out SourceStat stat);

    VfsStatus Seek(long fileOffset, SeekKind kind, out long resultOffset);
}
