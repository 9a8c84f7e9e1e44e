using System.Text;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Tests.Archives;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Truncation;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Staging;

public sealed class MrcArchiverTests : IDisposable
{
    private const int Nx = 70, Ny = 60;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Archive_OfAStack_TellsWhatTheRulesMadeOfIt()
    {
        ArchiveTask task = Task("Particles/a.mrcs", MrcFile.Write(Raw, Nx, Ny, 3, Samples.Noise(Nx * Ny * 3, 1)));
        ArchivingResult result = Archiver("""[{"glob": "Particles/*", "bits": 7, "outliers": "2s:2s", "level": 12}]""").Archive(task, Cancellation);
        Assert.Null(result.KeptRawReason);
        Assert.Equal((7, "Particles/*: 7 bits, clamped 2 sigma below and 2 above the mean, level 12", 0L), (result.Bits, result.Rule, result.GuardedFrames));
        Assert.InRange(result.ClampedSamples, 400, 800); // 4.6 % of 12,600
        Assert.Equal((new FileInfo(Raw).Length, new FileInfo(task.TemporaryPath).Length), (result.RawLengthBytes, result.ArchiveLengthBytes));
        ArchiveDescription description = Probe(task.TemporaryPath);
        Assert.Equal(7, description.Rescale.Bits);
        Assert.Equal("a.mrcs", ArchiveOrigin.Read(task.TemporaryPath)!.Name);
    }

    /// <summary>Several volumes in one file stay one file: names do not change.</summary>
    [Fact]
    public void Archive_OfSeveralVolumes_ReadsAsOneFile()
    {
        MrcHeader header = MrcFile.Header(Nx, Ny, 6, 2) with { SpaceGroup = 401, Sampling = (Nx, Ny, 3) };
        float[] samples = Samples.Noise(Nx * Ny * 6, 1);
        MrcFile.Write(Raw, header, System.Runtime.InteropServices.MemoryMarshal.AsBytes(samples.AsSpan()));
        ArchiveTask task = Task("classes.mrc", Raw);
        Archiver("""[{"glob": "*", "lossless": true}]""").Archive(task, Cancellation);
        Assert.Equal(ArchiveContent.Volume, Probe(task.TemporaryPath).Content);
        Assert.Equal(File.ReadAllBytes(Raw), Restored(task.TemporaryPath));
    }

    /// <summary>Nothing about the file changes but its size on disk; a copy of its archive is another file.</summary>
    [Fact]
    public void Archive_OfAFile_KeepsItsAttributesAndItsNumber()
    {
        ArchiveTask task = Task("a.mrc", MrcFile.Write(Raw, Nx, Ny, 1, Samples.Noise(Nx * Ny, 1))) with { Inode = 0xFEDC_BA98_7654_3210 };
        byte[] value = [0, 1, 254, 255];
        Assert.Equal(0, LinuxAttributes.SetExtendedAttribute(Raw, "user.note", value, 0));
        Assert.Equal(0, LinuxAttributes.SetExtendedAttribute(Raw, "user.emfs.state", value, 0));
        if (LinuxProcess.IsRoot)
        {
            Assert.Equal(0, LinuxAttributes.SetOwner(Raw, 1234, 4321));
        }

        Assert.Equal(0, LinuxCommit.SetAttributes(Raw, 0xDA4, 1_600_000_000_123_456_789)); // 06644
        Archiver().Archive(task, Cancellation);

        Assert.Equal(0, LinuxFile.Stat(Raw, followLinks: false, out Statx raw));
        Assert.Equal(0, LinuxFile.Stat(task.TemporaryPath, followLinks: false, out Statx archive));
        Assert.Equal(
            (raw.stx_mode, raw.stx_uid, raw.stx_gid, raw.stx_mtime.Nanoseconds), (archive.stx_mode, archive.stx_uid, archive.stx_gid, archive.stx_mtime.Nanoseconds));
        Assert.Equal(0xDA4, archive.stx_mode & 0xFFF);
        Assert.Equal(0, LinuxTree.ListExtendedAttributes(task.TemporaryPath, out List<string> names));
        Assert.Equal(["user.note"], names.Where(name => name.StartsWith("user.", StringComparison.Ordinal)));
        Assert.Equal(0, LinuxTree.GetExtendedAttribute(task.TemporaryPath, "user.note", out byte[] kept));
        Assert.Equal(value, kept);

        Assert.Equal(task.Inode, Probe(task.TemporaryPath).RecordedInode);
        File.Copy(task.TemporaryPath, _folder.PathOf("copy.hdf"));
        Assert.Null(Probe(_folder.PathOf("copy.hdf")).RecordedInode);
        Assert.True(Probe(_folder.PathOf("copy.hdf")).IsOfMount);
        Assert.Equal(
            Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Raw))), Probe(task.TemporaryPath).OriginalSha256, ignoreCase: true);
        File.Move(task.TemporaryPath, _folder.PathOf("a.mrc.hdf"));
        Assert.Equal(task.Inode, Probe(_folder.PathOf("a.mrc.hdf")).RecordedInode);
        new Compressor(new ArchiveFormats()).Compress(_folder.PathOf("a.mrc.hdf"), _folder.PathOf("again.hdf"), new CompressionOptions(), Cancellation);
        Assert.Null(Probe(_folder.PathOf("again.hdf")).RecordedInode);
        Assert.Equal("", Python.Run("import h5py, sys; print(*(k for k in h5py.File(sys.argv[1])['VirtualEmFs'].attrs if 'inode' in k))", _folder.PathOf("again.hdf")));
    }

    /// <summary>tmpfs has user attributes only since Linux 6.6: elsewhere a file without any must be archived, and one with some refused.</summary>
    [Fact]
    public void Archive_ToAFileSystemWithoutAttributes_FailsOnlyWhereSomeWouldBeLost()
    {
        MrcFile.Write(Raw, Nx, Ny, 1, Samples.Noise(Nx * Ny, 1));
        using var disk = SmallDisk.Mount(_folder.PathOf("disk"), "size=4m");
        ArchiveTask task = Task("a.mrc", Raw) with { TemporaryPath = Path.Combine(disk.Path, "out.hdf") };
        Assert.Null(Archiver().Archive(task, Cancellation).KeptRawReason);
        File.Delete(task.TemporaryPath);
        bool hasAttributes = LinuxAttributes.SetExtendedAttribute(disk.Path, "user.note", [1], 0) == 0;
        Assert.Equal(0, LinuxAttributes.SetExtendedAttribute(Raw, "user.note", [1], 0));
        if (hasAttributes)
        {
            Assert.Null(Archiver().Archive(task, Cancellation).KeptRawReason);
            return;
        }

        DiskFailedException failure = Assert.Throws<DiskFailedException>(() => Archiver().Archive(task, Cancellation));
        Assert.Equal((VfsStatus.NotSupported, "extended attribute user.note cannot be kept: Operation not supported"), (failure.Status, failure.Reason));
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    public static TheoryData<string, string> UnfitFiles => new()
    {
        { "empty", "the file is no MRC file: " },
        { "text", "the file is no MRC file: " },
        { "short", "the file is incomplete: 5 bytes are missing of the 17824 that its header announces" },
        { "long", "the file has 3 bytes more than the 17824 that its header announces: it is no exact MRC file" },
        { "mode 4", "the file is no MRC file: " },
        { "mode 101", "the file is of mode 101" },
        { "hdf", "the file is no MRC file: " },
        { "rule", "the file stays as it is by rule (*.mrc: keep raw)" },
    };

    [Theory]
    [MemberData(nameof(UnfitFiles))]
    public void Archive_OfAnUnfitFile_KeepsItRawWithTheReason(string kind, string reason)
    {
        byte[] bytes = File.ReadAllBytes(MrcFile.Write(Raw, Nx, Ny, 1, Samples.Noise(Nx * Ny, 1)));
        switch (kind)
        {
            case "empty":
                bytes = [];
                break;
            case "text":
                bytes = Encoding.ASCII.GetBytes(new string('a', 3000));
                break;
            case "short":
                bytes = bytes[..^5];
                break;
            case "long":
                bytes = [.. bytes, 1, 2, 3];
                break;
            case "mode 4":
                bytes[12] = 4;
                break;
            case "mode 101":
                bytes[12] = 101;
                bytes = bytes[..(1024 + (Nx / 2 * Ny))];
                break;
            case "hdf":
                new Compressor(new ArchiveFormats()).Compress(Raw, _folder.PathOf("x.hdf"), new CompressionOptions(), Cancellation);
                bytes = File.ReadAllBytes(_folder.PathOf("x.hdf"));
                break;
        }

        File.WriteAllBytes(Raw, bytes);
        ArchiveTask task = Task("a.mrc", Raw);
        MrcArchiver archiver = Archiver(kind == "rule" ? """[{"glob": "*.mrc", "keepRaw": true}]""" : "[]");
        Assert.StartsWith(reason, archiver.Archive(task, Cancellation).KeptRawReason, StringComparison.Ordinal);
        Assert.StartsWith(reason, archiver.Forecast(task, Cancellation).KeptRawReason, StringComparison.Ordinal);
        Assert.False(File.Exists(task.TemporaryPath));
        Assert.Equal(bytes, File.ReadAllBytes(Raw));
    }

    [Fact]
    public void Archive_WithoutTheRawFile_IsAFailureOfTheDisk()
    {
        DiskFailedException failure = Assert.Throws<DiskFailedException>(() => Archiver().Archive(Task("a.mrc", Raw), Cancellation));
        Assert.Equal(VfsStatus.NotFound, failure.Status);
    }

    [Fact]
    public void Archive_ToAFullDisk_SaysSoAndLeavesNothing()
    {
        MrcFile.Write(Raw, 300, 700, 2, Samples.Noise(300 * 700 * 2, 1));
        using var disk = SmallDisk.Mount(_folder.PathOf("disk"), "size=256k");
        ArchiveTask task = Task("a.mrcs", Raw) with { TemporaryPath = Path.Combine(disk.Path, "out.hdf") };
        DiskFailedException failure = Assert.Throws<DiskFailedException>(() => Archiver().Archive(task, Cancellation));
        Assert.Equal((VfsStatus.NoSpace, "cannot be written: No space left on device"), (failure.Status, failure.Reason));
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    [Fact]
    public void Archive_StepFails_IsAnArchiveExceptionAndLeavesNothing()
    {
        ArchiveTask task = Task("a.mrc", MrcFile.Write(Raw, Nx, Ny, 1, Samples.Noise(Nx * Ny, 1)));
        var archiver = new MrcArchiver(new ArchiveFormats(), new MrcArchiverOptions { Steps = _ => new FailingStep(CommitStep.SyncFile) });
        ArchiveException failure = Assert.Throws<ArchiveException>(() => archiver.Archive(task, Cancellation));
        Assert.Contains("the step fails", failure.Message, StringComparison.Ordinal);
        Assert.Equal([Raw], Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>Every thread that works lets readers go first; the caller's stays as it was.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Archive_Works_AtLowPriority(int threads)
    {
        int before = Niceness();
        var steps = new NicenessOfSteps();
        ArchiveTask task = Task("a.mrcs", MrcFile.Write(Raw, Nx, Ny, 40, Samples.Noise(Nx * Ny * 40, 1)));
        new MrcArchiver(new ArchiveFormats(), new MrcArchiverOptions { Threads = threads, Steps = _ => steps }).Archive(task, Cancellation);
        Assert.Equal([Math.Max(10, before)], steps.Seen.Distinct());
        Assert.Equal(before, Niceness());
    }

    /// <summary>Field 19 of proc(5), counted behind the name in brackets.</summary>
    private static int Niceness() => int.Parse(
        File.ReadAllText("/proc/thread-self/stat").Split(") ")[^1].Split(' ')[16], System.Globalization.CultureInfo.InvariantCulture);

    private sealed class NicenessOfSteps : ICommitSteps
    {
        public List<int> Seen { get; } = [];

        public void Before(CommitStep step) => Seen.Add(Niceness());
    }

    [Fact]
    public void Forecast_WritesNothing_AndDecidesAlike()
    {
        ArchiveTask task = Task("a.mrcs", MrcFile.Write(Raw, Nx, Ny, 3, Samples.Noise(Nx * Ny * 3, 1)));
        ArchivingResult forecast = Archiver().Forecast(task, Cancellation);
        Assert.False(File.Exists(task.TemporaryPath));
        ArchivingResult archived = Archiver().Archive(task, Cancellation);
        Assert.Equal((archived.Rule, archived.Bits, archived.GuardedFrames, archived.RawLengthBytes), (forecast.Rule, forecast.Bits, forecast.GuardedFrames, forecast.RawLengthBytes));
        Assert.InRange(forecast.ArchiveLengthBytes, archived.ArchiveLengthBytes * 0.8, archived.ArchiveLengthBytes * 1.2);
    }

    [Theory]
    [InlineData("Tilts/ts1.st", 300.0)]
    [InlineData("other/ts1.st", null)]
    [InlineData("a.rec", 60.0)]
    public void DelayOf_IsThatOfTheFirstMatchingRule(string path, double? seconds)
    {
        MrcArchiver archiver = Archiver("""[{"glob": "Tilts/*.st", "delay": 300}, {"glob": "*.rec", "content": "volume", "delay": 60}, {"glob": "*", "bits": 8}]""");
        Assert.Equal(seconds, archiver.DelayOf(path)?.TotalSeconds);
    }

    /// <summary>Exactly the bytes that reads show: the program's own header, and the samples as they are archived.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Restore_OfAnArchive_WritesTheVirtualFile(int spaceGroup)
    {
        MrcFile.Write(Raw, Nx, Ny, 5, Samples.Noise(Nx * Ny * 5, 1), spaceGroup);
        ArchiveTask task = Task("a.mrc", Raw);
        Archiver().Archive(task, Cancellation);
        using IArchive archive = new ArchiveFormats().Open(Probe(task.TemporaryPath));
        byte[] payload = [.. Enumerable.Range(0, 5).SelectMany(frame => DecodedArchive.Values(archive, frame)).SelectMany(BitConverter.GetBytes)];
        byte[] restored = Restored(task.TemporaryPath);
        Assert.Equal([.. File.ReadAllBytes(Raw)[..1024], .. payload], restored);
        Assert.NotEqual(File.ReadAllBytes(Raw), restored);
    }

    [Fact]
    public void Restore_ToAFullDisk_TellsSo()
    {
        MrcFile.Write(Raw, Nx, Ny, 5, Samples.Noise(Nx * Ny * 5, 1));
        ArchiveTask task = Task("a.mrcs", Raw);
        Archiver().Archive(task, Cancellation);
        foreach (long capacityBytes in (long[])[0, 1000, 20_000])
        {
            DiskFailedException failure = Assert.Throws<DiskFailedException>(
                () => Archiver().Restore(Probe(task.TemporaryPath), MrcView.Natural, new RawFile(capacityBytes), _ => { }, Cancellation));
            Assert.Equal((VfsStatus.NoSpace, "cannot be restored: No space left on device"), (failure.Status, failure.Reason));
        }
    }

    [Fact]
    public void Restore_OfAnArchiveThatIsGone_IsAFailureOfTheDisk()
    {
        ArchiveTask task = Task("a.mrc", MrcFile.Write(Raw, Nx, Ny, 1, Samples.Noise(Nx * Ny, 1)));
        Archiver().Archive(task, Cancellation);
        ArchiveDescription description = Probe(task.TemporaryPath);
        File.Delete(task.TemporaryPath);
        DiskFailedException failure = Assert.Throws<DiskFailedException>(
            () => Archiver().Restore(description, MrcView.Natural, new RawFile(), _ => { }, Cancellation));
        Assert.Equal(VfsStatus.NotFound, failure.Status);
    }

    [Fact]
    public void Restore_Cancelled_Stops()
    {
        MrcFile.Write(Raw, 512, 512, 8, Samples.Noise(512 * 512 * 8, 1));
        ArchiveTask task = Task("a.mrcs", Raw);
        Archiver().Archive(task, Cancellation);
        using var source = new CancellationTokenSource();
        var file = new RawFile();
        Assert.Throws<OperationCanceledException>(
            () => Archiver().Restore(Probe(task.TemporaryPath), MrcView.Natural, file, _ => source.Cancel(), source.Token));
        Assert.Equal(1024, file.Bytes.Length);
    }

    [Fact]
    public void Restore_OfADamagedArchive_Fails()
    {
        MrcFile.Write(Raw, Nx, Ny, 5, Samples.Noise(Nx * Ny * 5, 1));
        ArchiveTask task = Task("a.mrcs", Raw);
        Archiver().Archive(task, Cancellation);
        byte[] bytes = File.ReadAllBytes(task.TemporaryPath);
        bytes.AsSpan(bytes.Length / 2, 64).Fill(0xFF);
        File.WriteAllBytes(task.TemporaryPath, bytes);
        ArchiveException failure = Assert.ThrowsAny<ArchiveException>(
            () => Archiver().Restore(Probe(task.TemporaryPath), MrcView.Natural, new RawFile(), _ => { }, Cancellation));
        Assert.IsNotType<DiskFailedException>(failure);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Raw => _folder.PathOf("raw");

    private static MrcArchiver Archiver(string rules = "[]") => new(
        new ArchiveFormats(), new MrcArchiverOptions { Rules = RulesFile.Parse(Encoding.UTF8.GetBytes(rules), "rules.json"), Threads = 2 });

    private static ArchiveDescription Probe(string path) => new ArchiveFormats().Probe(path).Description!;

    private ArchiveTask Task(string relativePath, string rawPath) =>
        new(rawPath, _folder.PathOf("temporary.hdf"), relativePath, EarlierArchivePath: null, Inode: 77);

    private static byte[] Restored(string archivePath)
    {
        var file = new RawFile();
        long told = 0;
        Archiver().Restore(Probe(archivePath), MrcView.Natural, file, bytes => told += bytes, Cancellation);
        Assert.Equal(file.Bytes.Length, told);
        return file.Bytes;
    }

    private sealed class FailingStep(CommitStep failing) : ICommitSteps
    {
        public void Before(CommitStep step)
        {
            if (step == failing)
            {
                throw new IOException("the step fails");
            }
        }
    }
}
