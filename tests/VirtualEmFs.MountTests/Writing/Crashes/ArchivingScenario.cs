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
            _steps.Add(ProgramStep.MakeFolder(folder));
        }

        WriteFile("a/1.mrc", MrcContent.WholeNumbers(1, 40, 30, 1, seed: 1), syncs: true);
        _steps.Add(ProgramStep.SyncFolder("a"));

        // Frames first, and the header last, as MotionCor does.
        Create("a/2.mrcs");
        Write("a/2.mrcs", MrcContent.HeaderLengthBytes, stack[MrcContent.HeaderLengthBytes..]);
        Write("a/2.mrcs", 0, stack[..MrcContent.HeaderLengthBytes]);
        Close("a/2.mrcs");

        WriteFile("b/3.mrc", MrcContent.Noise(50, 40, seed: 3), syncs: true, isLossy: true);

        // Under a temporary name, as rsync does.
        WriteFile("b/.4.map.x7", MrcContent.WholeNumbers(6, 30, 30, 2, seed: 4), syncs: true);
        Rename("b/.4.map.x7", "b/4.map");
        _steps.Add(ProgramStep.SyncFolder("b"));

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
        _steps.Add(ProgramStep.OpenEmptied("b/3.mrc"));
        Write("b/3.mrc", 0, MrcContent.Noise(50, 40, seed: 13));
        Close("b/3.mrc");
        WriteFile("a/7.mrc", MrcContent.WholeNumbers(1, 20, 20, 1, seed: 7), syncs: true);
        Rename("a/7.mrc", "b/1.mrc");

        // A folder with an archive and a staged file in it.
        WriteFile("c/8.mrcs", MrcContent.WholeNumbers(1, 24, 24, 2, seed: 8), syncs: true);
        Rename("c", "e");
        _steps.Add(ProgramStep.SyncFolder("."));
        Unlink("b/4.map");
    }

    private void Remove()
    {
        Open("e/d/5.mrc");
        Write("e/d/5.mrc", MrcContent.HeaderLengthBytes + 100, [1, 2, 3]);
        Close("e/d/5.mrc");
        Unlink("e/d/5.mrc");
        _steps.Add(ProgramStep.RemoveFolder("e/d"));
        Rename("b/1.mrc", "a/1.mrc");
        Rename("b/3.mrc", "a/3.mrc");
        _steps.Add(ProgramStep.RemoveFolder("b"));
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

    private void Create(string path, bool isLossy = false) => _steps.Add(ProgramStep.Create(path, isLossy));

    private void Open(string path) => _steps.Add(ProgramStep.Open(path));

    private void Write(string path, int fileOffset, byte[] bytes) => _steps.Add(ProgramStep.Write(path, fileOffset, bytes));

    private void Sync(string path) => _steps.Add(ProgramStep.Sync(path));

    private void Close(string path) => _steps.Add(ProgramStep.Close(path));

    private void Rename(string from, string to) => _steps.Add(ProgramStep.Rename(from, to));

    private void Unlink(string path) => _steps.Add(ProgramStep.Unlink(path));

    private void Flush(bool flushes)
    {
        if (flushes)
        {
            _steps.Add(ProgramStep.Flush);
        }
    }
}
