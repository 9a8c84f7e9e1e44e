using System.Globalization;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Archives.Compression;

/// <summary>
/// A file being written beside its target under a name of its own; <see cref="Commit"/> makes it durable and gives it its name,
/// disposing without that removes it.
/// </summary>
/// <remarks>One thread. After a crash the file remains under its temporary name; <see cref="RemoveLeftovers"/> finds it.</remarks>
internal sealed class TemporaryArchive : IDisposable
{
    private const string Prefix = ".emfs-tmp-";

    // "*.hdf", so that readers who go by names take it for what it is.
    private const string Suffix = ".hdf";

    private static readonly string s_host = Crc32C.Append(0, System.Text.Encoding.UTF8.GetBytes(Environment.MachineName)).ToString("x8", CultureInfo.InvariantCulture);
    private static int s_counter;

    private readonly string _targetPath;
    private readonly string _folder;
    private readonly ICommitSteps _steps;
    private bool _isCommitted;

    public TemporaryArchive(string targetPath, ICommitSteps steps)
    {
        (_targetPath, _steps) = (targetPath, steps);
        _folder = FolderOf(targetPath);
        string own = $"{s_host}-{Environment.ProcessId}-{Interlocked.Increment(ref s_counter)}";
        Path = System.IO.Path.Join(_folder, Prefix + own + Suffix);
    }

    /// <summary>The temporary name. Nothing is created here.</summary>
    public string Path { get; }

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
    /// <exception cref="ArchiveException">The disk fails.</exception>
    public void MakeDurable(uint permissions, long mtimeNs)
    {
        _steps.Before(CommitStep.SetAttributes);
        Check(LinuxCommit.SetAttributes(Path, permissions, mtimeNs), "attributes cannot be set");
        _steps.Before(CommitStep.SyncFile);
        Check(LinuxCommit.Sync(Path), "cannot be flushed to the disk");
    }

    /// <summary>Gives the file its name, and makes that durable too.</summary>
    /// <exception cref="ArchiveException">The name is taken, or the disk fails.</exception>
    public void Commit(bool overwrites)
    {
        _steps.Before(CommitStep.Rename);
        int errno = overwrites ? LinuxCommit.Rename(Path, _targetPath) : LinuxCommit.RenameWithoutReplacing(Path, _targetPath);
        if (errno == Errno.EEXIST)
        {
            throw new ArchiveException(_targetPath, "exists already; it was left as it is (--force replaces it)");
        }

        Check(errno, "cannot be given its name");
        _isCommitted = true;
        _steps.Before(CommitStep.SyncFolder);
        Check(LinuxCommit.Sync(_folder), "its folder cannot be flushed to the disk");
    }

    public void Dispose()
    {
        if (_isCommitted)
        {
            return;
        }

        _steps.Before(CommitStep.Discard);

        // libhdf5 keeps a file open that it could not close (a full disk): empty, it takes no room there.
        _ = LinuxCommit.Empty(Path);
        _ = LinuxCommit.Unlink(Path);
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
            throw new ArchiveException(_targetPath, $"{what}: {Errno.Message(errno)}");
        }
    }
}
