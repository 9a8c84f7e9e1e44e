using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Staging;

/// <summary>
/// The file that says who owns a staging folder or a source, with its lock held: a second mount is refused, with a sentence that names the first.
/// </summary>
/// <remarks>
/// One thread. flock tells for processes of one machine, and the system lets go of it however they end. Other hosts of a network file system may
/// not see the lock: there the file's content decides, which a mount that was killed leaves behind.
/// The file is replaced as a whole, or on a full disk overwritten in one write, so that readers never see a part.
/// </remarks>
internal sealed class OwnerLock : IDisposable
{
    /// <summary>The file's name in the staging folder, and in the source's own folder.</summary>
    public const string FileName = "owner";

    private const int MaximumLengthBytes = 64 * 1024;

    private readonly string _path;
    private readonly uint _permissions;
    private readonly MountOwner _owner;
    private readonly LockedFile _file;
    private bool _isReleased;

    private OwnerLock(string path, uint permissions, MountOwner owner, LockedFile file, MountOwner? former) =>
        (_path, _permissions, _owner, _file, Former) = (path, permissions, owner, file, former);

    /// <summary>Who owned it last and left the file, in order or not; null for nobody.</summary>
    public MountOwner? Former { get; }

    /// <summary>Takes ownership.</summary>
    /// <param name="folder">What is owned, for messages.</param>
    /// <param name="path">The owner's file.</param>
    /// <param name="permissions">Of the file, exactly.</param>
    /// <param name="takesOver">Believe the user that an owner on another host is dead.</param>
    /// <exception cref="CommandException">Another mount owns it, or the file cannot be written.</exception>
    public static OwnerLock Acquire(string folder, string path, uint permissions, MountOwner owner, bool takesOver)
    {
        while (true)
        {
            LockedFile? found = Find(folder, path, out MountOwner? former, out bool isLocked), file = null;
            try
            {
                if (found is not null)
                {
                    RequireDead(folder, path, former, isLocked, takesOver);
                }

                file = TryWrite(path, permissions, owner, replaces: found is not null, out int errno);
                if (errno is Errno.ENOSPC or Errno.EDQUOT && found?.TryOverwrite(owner) == true)
                {
                    // What fills the disk waits there to be archived: it must not keep the mount away that does it.
                    (file, errno) = (found, 0);
                }

                if (errno != Errno.EEXIST)
                {
                    Require(errno, path, "cannot be written");
                    return new OwnerLock(path, permissions, owner, file!, former);
                }
            }
            finally
            {
                if (found != file)
                {
                    found?.Dispose();
                }
            }
        }
    }

    /// <summary>Keeps mounts away while somebody reads what a dead one left; needs no permission to write.</summary>
    /// <param name="isForced">Go on where a mount lives, or may live on another host.</param>
    /// <returns>To be disposed afterwards; null where there is no owner's file.</returns>
    /// <exception cref="CommandException">A mount owns it.</exception>
    public static IDisposable? HoldDead(string folder, string path, bool isForced)
    {
        LockedFile? found = null;
        try
        {
            found = Find(folder, path, out MountOwner? former, out bool isLocked);
            if (found is not null)
            {
                RequireDead(folder, path, former, isLocked, takesOver: false);
            }

            return found;
        }
        catch (CommandException) when (isForced)
        {
            return found;
        }
        catch (CommandException)
        {
            found?.Dispose();
            throw;
        }
    }

    /// <summary>Ends ownership: the file goes, or says that files are still staged.</summary>
    public void Release(bool filesAreStaged)
    {
        if (_isReleased)
        {
            return;
        }

        _isReleased = true;
        if (filesAreStaged)
        {
            // Where it cannot be written, the process's end says the same on this machine.
            using LockedFile? ended = TryWrite(_path, _permissions, _owner with { HasEnded = true }, replaces: true, out _);
        }
        else
        {
            _ = LinuxCommit.Unlink(_path);
        }

        _file.Dispose();
    }

    /// <summary>Releases; nobody has said that nothing is staged.</summary>
    public void Dispose() => Release(filesAreStaged: true);

    /// <summary>Opens the owner's file and takes its lock; null when there is no file.</summary>
    /// <param name="isLocked">False where the file system has no locks.</param>
    private static LockedFile? Find(string folder, string path, out MountOwner? owner, out bool isLocked)
    {
        while (true)
        {
            (owner, isLocked) = (null, false);
            int errno = LinuxFile.Open(path, LinuxFile.O_RDWR | LinuxFile.O_NOFOLLOW, out SafeFileHandle? file);
            if (errno is Errno.EACCES or Errno.EROFS)
            {
                errno = LinuxFile.Open(path, LinuxFile.O_RDONLY | LinuxFile.O_NOFOLLOW, out file);
            }

            if (errno == Errno.ENOENT)
            {
                return null;
            }

            Require(errno, path, "cannot be opened");
            int lockErrno = LinuxFile.TryLock(file!);
            isLocked = lockErrno == 0;
            owner = Read(file!, path);
            if (lockErrno == Errno.EAGAIN)
            {
                file!.Dispose();
                throw Refusal(folder, owner);
            }

            var found = new LockedFile(file!);
            if (IsStillThere(file!, path))
            {
                return found;
            }

            found.Dispose(); // replaced or removed in this moment
        }
    }

    private static CommandException Refusal(string folder, MountOwner? owner) => new(
        ExitCode.Owned,
        owner is null || (owner.IsOfThisKernel && !owner.IsAlive)
            ? $"{folder} is being taken or read by another emfs at this moment; try again when that has ended"
            : $"{folder} belongs to another mount ({owner}); end that one first, with: emfs unmount {PathBytes.ForDisplay(owner.MountPoint)}");

    private static void RequireDead(string folder, string path, MountOwner? owner, bool isLocked, bool takesOver)
    {
        if (owner is null)
        {
            if (!takesOver)
            {
                throw new CommandException(
                    ExitCode.Owned, $"{path} does not say who owns {folder}; when no mount uses it, delete that file, or say --take-over");
            }

            return;
        }

        bool isDead = owner.HasEnded || (owner.IsOfThisKernel ? isLocked || !owner.IsAlive : owner.IsOfThisHost);
        if (isDead)
        {
            return;
        }

        if (owner.IsOfThisKernel)
        {
            throw Refusal(folder, owner);
        }

        if (!takesOver)
        {
            throw new CommandException(
                ExitCode.Owned,
                $"{folder} belongs to a mount on another host ({owner}), and from here nobody can tell whether it lives: end it there, or, when {owner.Host} is known dead, say --take-over or delete {path}");
        }
    }

    /// <summary>Writes the owner's file, and holds its lock.</summary>
    /// <param name="replaces">False: a file that has appeared meanwhile is <see cref="Errno.EEXIST"/>.</param>
    private static LockedFile? TryWrite(string path, uint permissions, MountOwner owner, bool replaces, out int errno)
    {
        string newPath = $"{path}.{owner.Host}.{owner.ProcessId}";
        _ = LinuxCommit.Unlink(newPath); // of a process that had the same number
        errno = LinuxFile.Open(newPath, LinuxFile.O_RDWR | LinuxFile.O_CREAT | LinuxFile.O_EXCL, out SafeFileHandle? file, permissions);
        if (errno != 0)
        {
            return null;
        }

        byte[] bytes = owner.ToBytes();
        errno = LinuxAttributes.SetPermissions(file!, permissions);
        int writtenBytes = 0;
        errno = errno == 0 ? LinuxFile.Write(file!, 0, bytes, out writtenBytes) : errno;
        errno = errno == 0 && writtenBytes < bytes.Length ? Errno.ENOSPC : errno;
        errno = errno == 0 ? LinuxFile.Sync(file!, dataOnly: false) : errno;
        if (errno == 0)
        {
            // Where there are no locks, the content has to do.
            _ = LinuxFile.TryLock(file!);
            errno = replaces ? LinuxCommit.Rename(newPath, path) : LinuxCommit.RenameWithoutReplacing(newPath, path);
        }

        if (errno == 0)
        {
            // Lost in a power cut it is as good as ended: no process of this one lives then.
            _ = LinuxCommit.Sync(Path.GetDirectoryName(path)!);
            return new LockedFile(file!);
        }

        file!.Dispose();
        _ = LinuxCommit.Unlink(newPath);
        return null;
    }

    private static MountOwner? Read(SafeFileHandle file, string path)
    {
        var buffer = new byte[MaximumLengthBytes];
        Require(LinuxFile.Read(file, 0, buffer, out int lengthBytes), path, "cannot be read");
        return MountOwner.Parse(buffer.AsSpan(0, lengthBytes));
    }

    /// <summary>An open file whose lock goes when it is disposed, whoever has a copy of its descriptor.</summary>
    private sealed class LockedFile(SafeFileHandle file) : IDisposable
    {
        /// <summary>Names another owner in the blocks that the file has, in one write that nobody sees a part of.</summary>
        public bool TryOverwrite(MountOwner owner)
        {
            byte[] bytes = owner.ToBytes();
            if (LinuxFile.Stat(file, out Statx stat) != 0 || stat.stx_size > MaximumLengthBytes)
            {
                return false;
            }

            int paddingBytes = Math.Max(0, (int)stat.stx_size - bytes.Length);
            bytes = [.. bytes, .. Enumerable.Repeat((byte)'\n', paddingBytes)]; // JSON ends with whatever white space
            return LinuxFile.Write(file, 0, bytes, out int writtenBytes) == 0 && writtenBytes == bytes.Length && LinuxFile.Sync(file, dataOnly: false) == 0;
        }

        public void Dispose()
        {
            _ = LinuxFile.Unlock(file);
            file.Dispose();
        }
    }

    private static bool IsStillThere(SafeFileHandle file, string path) =>
        LinuxFile.Stat(file, out Statx opened) == 0 && LinuxFile.Stat(path, followLinks: false, out Statx named) == 0
        && opened.stx_ino == named.stx_ino && opened.Device == named.Device;

    private static void Require(int errno, string path, string what)
    {
        if (errno != 0)
        {
            throw new CommandException(ExitCode.StagingUnusable, $"{path} {what}: {Errno.Message(errno)}");
        }
    }
}
