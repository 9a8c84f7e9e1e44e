using System.Globalization;
using System.Security.Cryptography;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives.Compression;

/// <summary>
/// An archive being written under a name of its own; <see cref="Keep"/> leaves it there, <see cref="Commit"/> gives it its final name,
/// and disposing without either removes it.
/// </summary>
/// <remarks>One thread. After a crash the file remains under its temporary name; <see cref="RemoveLeftovers"/> finds it.</remarks>
internal sealed class TemporaryArchive : IDisposable
{
    private const string Prefix = ".emfs-tmp-";

    // "*.hdf", so that readers who go by names take it for what it is.
    private const string Suffix = ".hdf";

    // Containers of one machine count their processes each for itself, and may all have its name.
    private static readonly string s_host = Crc32C.Append(
        0, System.Text.Encoding.UTF8.GetBytes($"{Environment.MachineName} {new FileInfo("/proc/self/ns/pid").LinkTarget}")).ToString("x8", CultureInfo.InvariantCulture);

    private readonly string _shownPath;
    private readonly ICommitSteps _steps;
    private bool _isKept;

    /// <param name="path">Nothing is there yet, and nothing is created here.</param>
    /// <param name="shownPath">The name that messages tell.</param>
    /// <exception cref="ArchiveException">Something is there.</exception>
    public TemporaryArchive(string path, string shownPath, ICommitSteps steps)
    {
        (Path, _shownPath, _steps) = (path, shownPath, steps);
        if (System.IO.Path.Exists(path))
        {
            throw new ArchiveException(path, "exists already; it was left as it is");
        }
    }

    /// <summary>The temporary name.</summary>
    public string Path { get; }

    /// <summary>st_ino of the file, once it was created.</summary>
    /// <exception cref="ArchiveException">The disk fails.</exception>
    public ulong Inode
    {
        get
        {
            Check(LinuxFile.Stat(Path, followLinks: false, out Statx status), "cannot be examined");
            return status.stx_ino;
        }
    }

    /// <summary>A temporary archive beside its target, under a name that no other has.</summary>
    public static TemporaryArchive Beside(string targetPath, ICommitSteps steps)
    {
        string own = $"{s_host}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        return new TemporaryArchive(System.IO.Path.Join(FolderOf(targetPath), Prefix + own + Suffix), targetPath, steps);
    }

    /// <summary>Removes what processes of this machine left in a folder when they died.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, $"{Prefix}{s_host}-*{Suffix}"))
        {
            string[] parts = System.IO.Path.GetFileNameWithoutExtension(path)[Prefix.Length..].Split('-');
            bool isOurs = parts.Length == 3 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out int process)
                && !Directory.Exists($"/proc/{process}");
            if (isOurs)
            {
                // Another process may have been quicker, or the folder be read-only: then nothing is lost but room.
                _ = LinuxCommit.Unlink(path);
            }
        }
    }

    /// <summary>Permissions, modification time, and the way to the disk.</summary>
    /// <param name="original">Whose attributes the archive gets.</param>
    /// <param name="keepsOwner">Owner, group and the user's extended attributes too.</param>
    /// <exception cref="ArchiveException">The disk fails.</exception>
    public void MakeDurable(SourceFile original, bool keepsOwner)
    {
        _steps.Before(CommitStep.SetAttributes);
        if (keepsOwner)
        {
            TakeOwner(original);
            TakeExtendedAttributes(original.Path);
        }

        // Last: a change of owner takes set-user-ID away.
        Check(LinuxCommit.SetAttributes(Path, original.Permissions, original.Version.MtimeNs), "attributes cannot be set");
        _steps.Before(CommitStep.SyncFile);
        Check(LinuxCommit.Sync(Path), "cannot be flushed to the disk");
    }

    /// <summary>Leaves the file where it is: from now on it is the caller's.</summary>
    public void Keep() => _isKept = true;

    /// <summary>Gives the file its name, and makes that durable too.</summary>
    /// <exception cref="ArchiveException">The name is taken, or the disk fails.</exception>
    public void Commit(string targetPath, bool overwrites)
    {
        _steps.Before(CommitStep.Rename);
        int errno = overwrites ? LinuxCommit.Rename(Path, targetPath) : LinuxCommit.RenameWithoutReplacing(Path, targetPath);
        if (errno == Errno.EEXIST)
        {
            throw new ArchiveException(targetPath, "exists already; it was left as it is (--force replaces it)");
        }

        Check(errno, "cannot be given its name");
        Keep();
        _steps.Before(CommitStep.SyncFolder);
        Check(LinuxCommit.Sync(FolderOf(targetPath)), "its folder cannot be flushed to the disk");
    }

    public void Dispose()
    {
        if (_isKept)
        {
            return;
        }

        _steps.Before(CommitStep.Discard);

        // libhdf5 keeps a file open that it could not close (a full disk): empty, it takes no room there.
        _ = LinuxCommit.Empty(Path);
        _ = LinuxCommit.Unlink(Path);
    }

    /// <summary>Owner and group. Without rights to it they stay this process's own, as they would for any program that writes the file.</summary>
    private void TakeOwner(SourceFile original)
    {
        Check(LinuxFile.Stat(Path, followLinks: false, out Statx status), "cannot be examined");
        if ((status.stx_uid, status.stx_gid) == (original.Uid, original.Gid))
        {
            return;
        }

        int errno = LinuxAttributes.SetOwner(Path, original.Uid, original.Gid);
        if (errno == Errno.EPERM && !LinuxProcess.IsRoot)
        {
            // One's own file may still go to any group that one is in.
            errno = LinuxAttributes.SetOwner(Path, null, original.Gid);
        }

        Check(errno == Errno.EPERM && !LinuxProcess.IsRoot ? 0 : errno, "its owner cannot be set");
    }

    /// <summary>The user's attributes. Those of this program say what the file is, which changes.</summary>
    private void TakeExtendedAttributes(string originalPath)
    {
        int errno = LinuxTree.ListExtendedAttributes(originalPath, out List<string> names);
        Check(errno == Errno.EOPNOTSUPP ? 0 : errno, "extended attributes cannot be listed");
        foreach (string name in names)
        {
            if (!name.StartsWith("user.", StringComparison.Ordinal) || name.StartsWith("user.emfs.", StringComparison.Ordinal))
            {
                continue;
            }

            errno = LinuxTree.GetExtendedAttribute(originalPath, name, out byte[] value);
            errno = errno == 0 ? LinuxAttributes.SetExtendedAttribute(Path, name, value, 0) : errno;

            // Removed meanwhile: so it shall be. Where the file system of the archive holds none, it goes without, as cp -a has it.
            Check(errno is Errno.ENODATA or Errno.EOPNOTSUPP ? 0 : errno, $"extended attribute {name} cannot be kept");
        }
    }

    private static string FolderOf(string path)
    {
        string folder = path[..(path.LastIndexOf('/') + 1)];
        return folder.Length == 0 ? "." : folder;
    }

    private void Check(int errno, string what)
    {
        if (errno != 0)
        {
            throw new ArchiveException(_shownPath, $"{what}: {Errno.Message(errno)}") { Errno = errno };
        }
    }
}
