using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>
/// A program's calls that lead six files through all of their life: created, written, flushed, closed, archived, renamed, rewritten, removed,
/// in several folders, one of which gets another name.
/// </summary>
internal sealed class ArchivingScenario
{
    private readonly List<ProgramStep> _steps = [];

    private ArchivingScenario()
    {
    }

    /// <param name="flushes">Waits twice until everything is archived.</param>
    public static IReadOnlyList<ProgramStep> Create(bool flushes)
    {
        var scenario = new ArchivingScenario();
        scenario.WriteAll();
        scenario.Flush(flushes);
        scenario.Change();
        scenario.Flush(flushes);
        scenario.Remove();
        return scenario._steps;
    }

    private void WriteAll()
    {
        byte[] stack = MrcContent.WholeNumbers(2, 32, 24, 3, seed: 2);
        foreach (string folder in new[] { "a", "b", "c", "c/d" })
        {
            Add($"mkdir {folder}", calls => calls.MakeFolder(folder), files => files.Folders.Add(folder));
        }

        WriteFile("a/1.mrc", MrcContent.WholeNumbers(1, 40, 30, 1, seed: 1), syncs: true);
        Add("fsync a", calls => calls.SyncFolder("a"), _ => { });

        // Frames first, and the header last, as MotionCor does.
        Create("a/2.mrcs");
        Write("a/2.mrcs", MrcContent.HeaderLengthBytes, stack[MrcContent.HeaderLengthBytes..]);
        Write("a/2.mrcs", 0, stack[..MrcContent.HeaderLengthBytes]);
        Close("a/2.mrcs");

        WriteFile("b/3.mrc", MrcContent.Noise(50, 40, seed: 3), syncs: true, isLossy: true);

        // Under a temporary name, as rsync does.
        WriteFile("b/.4.map.x7", MrcContent.WholeNumbers(6, 30, 30, 2, seed: 4), syncs: true);
        Rename("b/.4.map.x7", "b/4.map");
        Add("fsync b", calls => calls.SyncFolder("b"), _ => { });

        WriteFile("c/d/5.mrc", MrcContent.WholeNumbers(0, 64, 20, 1, seed: 5), syncs: false);
        WriteFile("c/6.txt", [1, 2, 3, 4, 5], syncs: true);
    }

    private void Change()
    {
        Rename("a/1.mrc", "b/1.mrc");

        // One frame of an archive.
        Open("a/2.mrcs");
        byte[] frame = MrcContent.WholeNumbers(2, 32, 24, 1, seed: 12)[MrcContent.HeaderLengthBytes..];
        Write("a/2.mrcs", MrcContent.HeaderLengthBytes + frame.Length, frame);
        Sync("a/2.mrcs");
        Close("a/2.mrcs");

        // A new content under the old name, and one more that takes another's.
        OpenEmptied("b/3.mrc");
        Write("b/3.mrc", 0, MrcContent.Noise(50, 40, seed: 13));
        Close("b/3.mrc");
        WriteFile("a/7.mrc", MrcContent.WholeNumbers(1, 20, 20, 1, seed: 7), syncs: true);
        Rename("a/7.mrc", "b/1.mrc");

        // A folder with an archive and a staged file in it.
        WriteFile("c/8.mrcs", MrcContent.WholeNumbers(1, 24, 24, 2, seed: 8), syncs: true);
        Rename("c", "e");
        Add("fsync .", calls => calls.SyncFolder("."), _ => { });
        Unlink("b/4.map");
    }

    private void Remove()
    {
        Open("e/d/5.mrc");
        Write("e/d/5.mrc", MrcContent.HeaderLengthBytes + 100, [1, 2, 3]);
        Close("e/d/5.mrc");
        Unlink("e/d/5.mrc");
        Add("rmdir e/d", calls => calls.RemoveFolder("e/d"), files => files.Folders.Remove("e/d"));
        Rename("b/1.mrc", "a/1.mrc");
        Rename("b/3.mrc", "a/3.mrc");
        Add("rmdir b", calls => calls.RemoveFolder("b"), files => files.Folders.Remove("b"));
        Unlink("e/8.mrcs");
    }

    private void WriteFile(string path, byte[] bytes, bool syncs, bool isLossy = false)
    {
        Create(path, isLossy);
        Write(path, 0, bytes);
        if (syncs)
        {
            Sync(path);
        }

        Close(path);
    }

    private void Create(string path, bool isLossy = false) => Add(
        $"create {path}", calls => calls.Open(path, LinuxFile.O_CREAT | LinuxFile.O_EXCL), files => files.Files.Add(path, new WrittenFile([], isLossy)));

    private void Open(string path) => Add($"open {path}", calls => calls.Open(path, 0), _ => { });

    private void OpenEmptied(string path) => Add(
        $"empty {path}", calls => calls.Open(path, LinuxFile.O_TRUNC), files => files.Files[path] = files.Files[path] with { Bytes = [] });

    private void Write(string path, int fileOffset, byte[] bytes) => Add(
        $"write {bytes.Length} bytes at {fileOffset} of {path}", calls => calls.Write(path, fileOffset, bytes), files => files.Write(path, fileOffset, bytes));

    private void Sync(string path) => Add($"fsync {path}", calls => calls.Sync(path), _ => { });

    private void Close(string path) => Add($"close {path}", calls => calls.Close(path), _ => { });

    private void Rename(string from, string to) => Add($"rename {from} {to}", calls => calls.Rename(from, to), files => files.Rename(from, to));

    private void Unlink(string path) => Add($"unlink {path}", calls => calls.Unlink(path), files => files.Files.Remove(path));

    private void Flush(bool flushes)
    {
        if (flushes)
        {
            Add("flush", calls => calls.Flush(), _ => { });
        }
    }

    private void Add(string name, Func<ProgramCalls, int> call, Action<WrittenFiles> apply) => _steps.Add(new ProgramStep(name, call, apply));
}
