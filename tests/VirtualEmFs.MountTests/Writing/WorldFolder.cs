using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>A folder that steps are done to, with the files that they have open: one on the mount, one on a plain disk.</summary>
/// <remarks>One thread.</remarks>
internal sealed class WorldFolder(string root, Action rest) : IDisposable
{
    /// <summary>Files that are open at once.</summary>
    public const int SlotCount = 3;

    private const int LengthLimitBytes = 1 << 20;

    private readonly SafeFileHandle?[] _slots = new SafeFileHandle?[SlotCount];

    public string Root => root;

    /// <summary>Does a step.</summary>
    /// <returns>What the program sees of it: the error's number, and what was read.</returns>
    public string Do(Step step)
    {
        string path = PathOf(step.Path), newPath = PathOf(step.NewPath);
        return step.Kind switch
        {
            StepKind.WriteWhole => WriteWhole(path, FileContents.Whole(step.Seed)),
            StepKind.AddSection => AddSection(path, step.Seed),
            StepKind.Open => Open(path, step),
            StepKind.Close => Close(step.Slot),
            StepKind.Read => With(step.Slot, file => Read(file, step.Offset, step.LengthBytes)),
            StepKind.Write => With(step.Slot, file => Write(file, step)),
            StepKind.SetLength => With(step.Slot, file => Text(LinuxFile.SetLength(file, step.LengthBytes))),
            StepKind.Allocate => With(step.Slot, file => Text(LinuxFile.Allocate(file, step.Flags, step.Offset, step.LengthBytes))),
            StepKind.Store => With(step.Slot, file => Store(file, step)),
            StepKind.Sync => With(step.Slot, file => Text(LinuxFile.Sync(file, dataOnly: step.Seed % 2 == 0))),
            StepKind.SyncFolder => SyncFolder(path),
            StepKind.Truncate => Text(Libc.Truncate(path, step.LengthBytes)),
            StepKind.Rename => Text(LinuxCommit.Rename(path, newPath)),
            StepKind.RenameNew => Text(Libc.RenameNew(path, newPath)),
            StepKind.Exchange => Text(LinuxCommit.Exchange(path, newPath)),
            StepKind.Unlink => Text(LinuxCommit.Unlink(path)),
            StepKind.MakeFolder => Text(LinuxNames.MakeFolder(path, 0x1ED)),
            StepKind.RemoveFolder => Text(LinuxNames.RemoveFolder(path)),
            StepKind.MakeSymbolicLink => Text(LinuxNames.MakeSymbolicLink(path, step.NewPath)),
            StepKind.MakeHardLink => Text(LinuxNames.MakeHardLink(path, newPath)),
            StepKind.SetPermissions => Text(Libc.SetPermissions(path, (uint)step.Seed)),
            StepKind.SetTimes => Text(LinuxAttributes.SetTimes(path, null, FolderPicture.TimeOf(step.Seed))),
            StepKind.SetExtendedAttribute => Text(LinuxAttributes.SetExtendedAttribute(path, "user.of_test", [.. step.Seed.ToString().Select(c => (byte)c)], 0)),
            StepKind.RemoveExtendedAttribute => Text(LinuxAttributes.RemoveExtendedAttribute(path, "user.of_test")),
            _ => Rest(),
        };
    }

    /// <summary>What the open files look like through their handles.</summary>
    public IEnumerable<string> DescribeSlots(bool withContents)
    {
        for (int slot = 0; slot < SlotCount; slot++)
        {
            if (_slots[slot] is { } file)
            {
                yield return LinuxFile.Stat(file, out var stat) is var errno && errno != 0 ? $"slot {slot}: error {errno}"
                    : $"slot {slot}: {FolderPicture.Describe(stat)} {(withContents ? FolderPicture.DescribeContent(file, (long)stat.stx_size) : "")}";
            }
        }
    }

    public void CloseAll()
    {
        for (int slot = 0; slot < SlotCount; slot++)
        {
            Close(slot);
        }
    }

    public void Dispose() => CloseAll();

    private string PathOf(string path) => path.Length == 0 ? root : $"{root}/{path}";

    private string Rest()
    {
        rest();
        return "";
    }

    private string Open(string path, Step step)
    {
        Close(step.Slot);
        int errno = LinuxFile.Open(path, step.Flags, out var file, permissions: 0x1A4);
        _slots[step.Slot] = file;
        return Text(errno);
    }

    private string Close(int slot)
    {
        _slots[slot]?.Dispose();
        _slots[slot] = null;
        return "";
    }

    private string With(int slot, Func<SafeFileHandle, string> operation) => _slots[slot] is { } file ? operation(file) : "closed";

    private static string WriteWhole(string path, byte[] content)
    {
        try
        {
            File.WriteAllBytes(path, content);
            return "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{e.GetType().Name} {e.HResult}"; // the error's number, where it has none of its own
        }
    }

    private static string AddSection(string path, int seed)
    {
        int errno = LinuxFile.Open(path, LinuxFile.O_RDWR, out var file);
        if (errno != 0)
        {
            return Text(errno);
        }

        using (file)
        {
            var header = new byte[MrcHeader.LengthBytes];
            errno = LinuxFile.Read(file!, 0, header, out int readBytes);
            int lengthBytes = FileContents.SectionLengthBytes(header.AsSpan(0, readBytes));
            if (errno != 0 || lengthBytes == 0 || LinuxFile.Stat(file!, out var stat) != 0 || (long)stat.stx_size > LengthLimitBytes)
            {
                return $"{Text(errno)} no section";
            }

            errno = LinuxFile.Write(file!, (long)stat.stx_size, FileContents.WholeNumbers(seed, lengthBytes), out int writtenBytes);
            var sections = header.AsSpan(8, 4);
            BinaryPrimitives.WriteInt32LittleEndian(sections, BinaryPrimitives.ReadInt32LittleEndian(sections) + 1);
            return $"{Text(errno)} {writtenBytes} {Text(LinuxFile.Write(file!, 8, sections, out _))}";
        }
    }

    private static string Read(SafeFileHandle file, long offset, int lengthBytes)
    {
        var buffer = new byte[lengthBytes];
        int errno = LinuxFile.Read(file, offset, buffer, out int readBytes);
        return $"{Text(errno)} {readBytes} {Convert.ToHexString(SHA256.HashData(buffer.AsSpan(0, readBytes)))[..12]}";
    }

    private static string Write(SafeFileHandle file, Step step)
    {
        int errno = LinuxFile.Write(file, step.Offset, FileContents.WholeNumbers(step.Seed, step.LengthBytes), out int writtenBytes);
        return $"{Text(errno)} {writtenBytes}";
    }

    private static string Store(SafeFileHandle file, Step step)
    {
        if (LinuxFile.Stat(file, out var stat) is var errno && errno != 0)
        {
            return Text(errno);
        }

        int lengthBytes = (int)Math.Min(step.LengthBytes, (long)stat.stx_size - step.Offset);
        if (lengthBytes <= 0)
        {
            return "nothing there";
        }

        // A page that cannot be read would end this process (SIGBUS); reading it first tells the error.
        errno = LinuxFile.Read(file, step.Offset, new byte[lengthBytes], out int readBytes);
        if (errno is not (0 or Errno.EBADF) || readBytes < lengthBytes)
        {
            return $"{Text(errno)} {readBytes} readable";
        }

        try
        {
            using var mapping = MemoryMappedFile.CreateFromFile(
                file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            using var view = mapping.CreateViewAccessor(step.Offset, lengthBytes);
            view.WriteArray(0, FileContents.WholeNumbers(step.Seed, lengthBytes), 0, lengthBytes);
            return $"{lengthBytes} stored";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.GetType().Name;
        }
    }

    private static string SyncFolder(string path)
    {
        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY | LinuxFile.O_DIRECTORY, out var folder);
        using (folder)
        {
            return Text(errno != 0 ? errno : LinuxFile.Sync(folder!, dataOnly: false));
        }
    }

    private static string Text(int errno) => errno == 0 ? "" : $"error {errno}: {Errno.Message(errno)}";
}
