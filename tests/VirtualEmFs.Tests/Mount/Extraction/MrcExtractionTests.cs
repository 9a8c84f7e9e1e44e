using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Extraction;
using VirtualEmFs.Tests.Vfs.Reading;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Extraction;

public sealed class MrcExtractionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Slabs of several frames are the case where a block's samples lie in several places of the file.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 5)]
    [InlineData(3, 4, 7)]
    [InlineData(4, 16, 16)]
    public void Run_OfAnyBlockGrid_WritesHeaderAndFramesInOrder(int slabFrames, int firstRows, int rows)
    {
        var shape = new FrameShape(23, 16, 6);
        FakeArchive archive = NewArchive(shape, new BlockGrid(shape, slabFrames, firstRows, rows));
        string path = _folder.PathOf("stack.mrcs");
        IOException? fault = Extract(archive, path, replace: false);
        Assert.Null(fault);
        Assert.Equal([.. VirtualMrc.Create(archive.Description).Header.Span, .. FakeArchive.Payload(archive.Description)], File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
        Assert.All(archive.Decodes, pair => Assert.Equal(1, pair.Value));
        Assert.True(archive.IsDisposed);
    }

    [Fact]
    public void Run_OfADamagedArchive_LeavesNothing()
    {
        var shape = new FrameShape(23, 16, 6);
        FakeArchive archive = NewArchive(shape, new BlockGrid(shape, 1, 4, 4));
        archive.Fault = extent => extent.FirstFrame == 3 ? new ArchiveException("stack.hdf", "the chunk is damaged", 3) : null;
        IOException? fault = Extract(archive, _folder.PathOf("stack.mrcs"), replace: false);
        Assert.Equal(3, Assert.IsType<ArchiveException>(fault).FrameIndex);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    /// <summary>A file that appeared while the archive was read is somebody else's.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_WhenTheNameIsTaken_ReplacesOnlyWhenAsked(bool replace)
    {
        var shape = new FrameShape(4, 4, 1);
        string path = _folder.PathOf("image.mrc");
        File.WriteAllText(path, "mine");
        IOException? fault = Extract(NewArchive(shape, new BlockGrid(shape, 1, 4, 4)), path, replace);
        Assert.Equal(replace, fault is null);
        Assert.Equal(replace ? 1024 + 64 : 4, new FileInfo(path).Length);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    /// <summary>254 bytes are a name, and leave no room for more.</summary>
    [Fact]
    public void Run_ToANameAsLongAsNamesMayBe_Works()
    {
        var shape = new FrameShape(4, 4, 1);
        string path = _folder.PathOf(new string('n', 250) + ".mrc");
        Assert.Null(Extract(NewArchive(shape, new BlockGrid(shape, 1, 4, 4)), path, replace: false));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    /// <summary>Processes of other hosts and containers have the same numbers: two extractions that agree on a temporary name write into one file.</summary>
    [Fact]
    public void Run_BesideWhatAProcessOfTheSameNumberWrites_LeavesThatAlone()
    {
        string[] others = [.. Enumerable.Range(1, 1000).Select(i => _folder.PathOf($".emfs-extract-{Environment.ProcessId}-{i}.part"))];
        Array.ForEach(others, other => File.WriteAllText(other, "another's"));
        var shape = new FrameShape(4, 4, 1);
        string path = _folder.PathOf("image.mrc");
        Assert.Null(Extract(NewArchive(shape, new BlockGrid(shape, 1, 4, 4)), path, replace: false));
        Assert.Equal([.. others.Append(path).Order()], Directory.GetFiles(_folder.Path).Order());
        Assert.All(others, other => Assert.Equal("another's", File.ReadAllText(other)));
    }

    [Fact]
    public void New_SeveralInOneFolder_WriteToFilesOfTheirOwn()
    {
        var shape = new FrameShape(4, 4, 1);
        MrcExtraction[] extractions = [.. Enumerable.Range(0, 20).Select(i => NewExtraction(NewArchive(shape, new BlockGrid(shape, 1, 4, 4)), _folder.PathOf($"{i}.mrc"), false, (_, _) => { }))];
        Assert.Equal(20, Directory.GetFiles(_folder.Path).Length);
        Array.ForEach(extractions, extraction => extraction.Dispose());
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void New_WhereNothingCanBeWritten_NamesTheFileThatWasAskedFor()
    {
        var shape = new FrameShape(4, 4, 1);
        using FakeArchive archive = NewArchive(shape, new BlockGrid(shape, 1, 4, 4));
        var fault = Assert.Throws<IOException>(() => NewExtraction(archive, "/proc/image.mrc", false, (_, _) => { }));
        Assert.Equal("/proc/image.mrc: cannot be written: No such file or directory", fault.Message);
    }

    private static FakeArchive NewArchive(FrameShape shape, BlockGrid grid) => new(FakeArchive.Describe(shape, grid));

    private static MrcExtraction NewExtraction(FakeArchive archive, string path, bool replace, Action<MrcExtraction, IOException?> report) =>
        new(archive, VirtualMrc.Create(archive.Description), path, replace, report);

    private static IOException? Extract(FakeArchive archive, string path, bool replace)
    {
        var faults = new List<IOException?>();
        BlockWorkers.Run([NewExtraction(archive, path, replace, (_, fault) => faults.Add(fault))], 3, CancellationToken.None);
        return Assert.Single(faults);
    }
}
