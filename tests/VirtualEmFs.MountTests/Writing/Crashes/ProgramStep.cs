using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>One call of a program.</summary>
/// <param name="Call">Makes it; returns its error number.</param>
/// <param name="Apply">What has changed once it was answered.</param>
internal sealed record ProgramStep(string Name, Func<ProgramCalls, int> Call, Action<WrittenFiles> Apply)
{
    /// <summary>Waits until everything that is closed is archived.</summary>
    public static ProgramStep Flush { get; } = new("flush", calls => calls.Flush(), _ => { });

    public static ProgramStep MakeFolder(string path) => new($"mkdir {path}", calls => calls.MakeFolder(path), files => files.Folders.Add(path));

    public static ProgramStep RemoveFolder(string path) => new($"rmdir {path}", calls => calls.RemoveFolder(path), files => files.Folders.Remove(path));

    public static ProgramStep SyncFolder(string path) => new($"fsync {path}", calls => calls.SyncFolder(path), _ => { });

    public static ProgramStep Create(string path, bool isLossy = false) => new(
        $"create {path}", calls => calls.Open(path, LinuxFile.O_CREAT | LinuxFile.O_EXCL), files => files.Files.Add(path, new WrittenFile([], isLossy)));

    public static ProgramStep Open(string path) => new($"open {path}", calls => calls.Open(path, 0), _ => { });

    public static ProgramStep OpenEmptied(string path) => new(
        $"empty {path}", calls => calls.Open(path, LinuxFile.O_TRUNC), files => files.Files[path] = files.Files[path] with { Bytes = [] });

    public static ProgramStep Write(string path, int fileOffset, byte[] bytes) => new(
        $"write {bytes.Length} bytes at {fileOffset} of {path}", calls => calls.Write(path, fileOffset, bytes), files => files.Write(path, fileOffset, bytes));

    public static ProgramStep Sync(string path) => new($"fsync {path}", calls => calls.Sync(path), _ => { });

    public static ProgramStep Close(string path) => new($"close {path}", calls => calls.Close(path), _ => { });

    public static ProgramStep Rename(string from, string to) =>
        new($"rename {from} {to}", calls => calls.Rename(from, to), files => files.Rename(from, to));

    public static ProgramStep Unlink(string path) => new($"unlink {path}", calls => calls.Unlink(path), files => files.Files.Remove(path));

    public override string ToString() => Name;
}
