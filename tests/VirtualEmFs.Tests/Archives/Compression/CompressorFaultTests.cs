using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>
/// Whatever fails, and whenever the process dies: the original is as it was, and the final name has nothing or a complete archive.
/// </summary>
public sealed class CompressorFaultTests : IDisposable
{
    private const int Nx = 300, Ny = 700; // two chunks of 16-bit samples, and more of them for lossless ones

    private readonly TemporaryFolder _folder = new();
    private readonly string _input;
    private readonly string _output;
    private readonly byte[] _original;

    public CompressorFaultTests()
    {
        _input = MrcFile.Write(_folder.PathOf("in.mrcs"), Nx, Ny, 2, Samples.Noise(Nx * Ny * 2, 1));
        _original = File.ReadAllBytes(_input);
        _output = _folder.PathOf("out.hdf");
    }

    [Fact]
    public void Compress_EveryStepOfWriting_IsSeen()
    {
        var steps = new CountedSteps();
        Compress(steps);
        Assert.Equal(
            Enum.GetValues<CommitStep>().Where(step => step != CommitStep.Discard),
            steps.Seen.Distinct());
        Assert.Equal(2, steps.Seen.Count(step => step == CommitStep.BeginImage));
    }

    /// <summary>A failure of any step cleans up, and says what failed.</summary>
    [Fact]
    public void Compress_AnyStepFails_LeavesNothing()
    {
        int count = StepCount();
        for (int failing = 0; failing < count; failing++)
        {
            var steps = new CountedSteps { FailAt = failing };
            IOException failure = Assert.Throws<IOException>(() => Compress(steps));
            Assert.Equal("the disk failed", failure.Message);
            bool isNamed = steps.Seen[failing] == CommitStep.SyncFolder;
            AssertOriginalIsThereWith(isNamed ? ["in.mrcs", "out.hdf"] : ["in.mrcs"]);
            if (isNamed)
            {
                AssertIsComplete();
                File.Delete(_output);
            }
        }
    }

    /// <summary>The archive without its final name: complete at the caller's temporary path, or nothing there.</summary>
    [Fact]
    public void CompressTo_AnyStepFails_LeavesNothing()
    {
        var whole = new CountedSteps();
        CompressionReport report = CompressTo(whole);
        AssertIsComplete();
        Assert.Equal(new FileInfo(_output).Length, report.OutputLengthBytes);
        Assert.Equal(CommitStep.CheckInput, whole.Seen[^1]);
        File.Delete(_output);
        for (int failing = 0; failing < whole.Seen.Count; failing++)
        {
            Assert.Throws<IOException>(() => CompressTo(new CountedSteps { FailAt = failing }));
            AssertOriginalIsThereWith("in.mrcs");
        }
    }

    [Fact]
    public void CompressTo_Cancelled_LeavesNothing()
    {
        using var source = new CancellationTokenSource();
        var steps = new CountedSteps { BeforeStep = step => { if (step == CommitStep.Verify) { source.Cancel(); } } };
        Assert.ThrowsAny<OperationCanceledException>(() => CompressTo(steps, source.Token));
        AssertOriginalIsThereWith("in.mrcs");
    }

    [Fact]
    public void CompressTo_PathIsTaken_LeavesItAlone()
    {
        File.WriteAllText(_output, "somebody's");
        Assert.Throws<ArchiveException>(() => CompressTo(new CountedSteps()));
        Assert.Equal("somebody's", File.ReadAllText(_output));
    }

    /// <summary>A process that dies takes no further step, cleaning up included. The next run finds the leftovers and succeeds.</summary>
    [Fact]
    public void Compress_KilledAtAnyStep_LeavesNothingUnderTheName()
    {
        int count = StepCount();
        for (int last = 0; last < count; last++)
        {
            var steps = new CountedSteps { FailAt = last, IsKill = true };
            Assert.Throws<IOException>(() => Compress(steps));
            Assert.Equal(_original, File.ReadAllBytes(_input));
            if (File.Exists(_output))
            {
                Assert.Equal(CommitStep.SyncFolder, steps.Seen[last]);
                AssertIsComplete();
                File.Delete(_output);
            }

            Compress(new CountedSteps());
            AssertIsComplete();
            File.Delete(_output);
            foreach (string leftover in Directory.GetFiles(_folder.Path, ".emfs-tmp-*"))
            {
                File.Delete(leftover);
            }
        }
    }

    [Fact]
    public void RemoveLeftovers_OfADeadProcess_RemovesThoseAlone()
    {
        string own = "";
        var steps = new CountedSteps { BeforeStep = step => own = step == CommitStep.Close ? Directory.GetFiles(_folder.Path, ".emfs-tmp-*").Single() : own };
        Compress(steps);
        string dead = own.Replace($"-{Environment.ProcessId}-", "-4194305-"); // beyond the kernel's largest process number
        File.WriteAllText(dead, "left");
        File.WriteAllText(own, "at work");
        File.WriteAllText(_folder.PathOf(".emfs-tmp-other-4194305-1.hdf"), "another machine's");
        Compressor.RemoveLeftovers(_folder.Path);
        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(own));
        Assert.True(File.Exists(_folder.PathOf(".emfs-tmp-other-4194305-1.hdf")));
    }

    [Fact]
    public void Compress_OutputAppearsMeanwhile_IsNotReplaced()
    {
        var steps = new CountedSteps { BeforeStep = step => { if (step == CommitStep.Rename) { File.WriteAllText(_output, "somebody's"); } } };
        ArchiveException failure = Assert.Throws<ArchiveException>(() => Compress(steps));
        Assert.Contains("exists already", failure.Message, StringComparison.Ordinal);
        Assert.Equal("somebody's", File.ReadAllText(_output));
        AssertOriginalIsThereWith("in.mrcs", "out.hdf");
    }

    [Fact]
    public void Compress_InputChangesWhileRead_IsNoticed()
    {
        var steps = new CountedSteps { BeforeStep = step => { if (step == CommitStep.Close) { File.AppendAllText(_input, "x"); } } };
        ArchiveException failure = Assert.Throws<ArchiveChangedException>(() => Compress(steps));
        Assert.Contains("changed while it was being read", failure.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_output));
    }

    [Fact]
    public void Compress_InputShrinksWhileRead_IsNoticed()
    {
        var steps = new CountedSteps { BeforeStep = step => { if (step == CommitStep.BeginImage) { using FileStream file = File.OpenWrite(_input); file.SetLength(4096); } } };
        Assert.Throws<ArchiveChangedException>(() => Compress(steps));
        Assert.Equal(["in.mrcs"], Names());
    }

    [Fact]
    public void Compress_TruncatedInput_IsRefusedWithTheMissingBytes()
    {
        using (FileStream file = File.OpenWrite(_input))
        {
            file.SetLength(_original.Length - 7);
        }

        ArchiveException failure = Assert.Throws<UnfitMrcException>(() => Compress(new CountedSteps()));
        Assert.Contains("7 bytes are missing", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["in.mrcs"], Names());
    }

    /// <summary>What reading back finds counts: a bit that flips between writing and verification costs the archive, not the original.</summary>
    [Fact]
    public void Compress_ArchiveDamagedBeforeVerification_IsDropped()
    {
        var steps = new CountedSteps { BeforeStep = step => { if (step == CommitStep.Verify) { FlipByteOfAChunk(Directory.GetFiles(_folder.Path, ".emfs-tmp-*").Single()); } } };
        Assert.Throws<ArchiveException>(() => Compress(steps));
        AssertOriginalIsThereWith("in.mrcs");
    }

    [Fact]
    public void Compress_Cancelled_LeavesNothing()
    {
        using var source = new CancellationTokenSource();
        var steps = new CountedSteps { BeforeStep = step => { if (step == CommitStep.WriteChunk) { source.Cancel(); } } };
        Assert.ThrowsAny<OperationCanceledException>(() => Compress(steps, cancellation: source.Token));
        AssertOriginalIsThereWith("in.mrcs");
    }

    [Fact]
    public void Compress_DiskFull_LeavesNothingAndSaysSo()
    {
        using var disk = SmallDisk.Mount(_folder.PathOf("disk"), "size=256k");
        string output = Path.Combine(disk.Path, "out.hdf");
        ArchiveException failure = Assert.Throws<ArchiveException>(() => Compress(new CountedSteps(), output));
        Assert.Equal($"{output}: cannot be written: No space left on device", failure.Message);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
        Assert.Equal(_original, File.ReadAllBytes(_input));
    }

    [Fact]
    public void Compress_ReadOnlyFolder_SaysSo()
    {
        using var disk = SmallDisk.Mount(_folder.PathOf("disk"), "size=4m,ro");
        ArchiveException failure = Assert.Throws<ArchiveException>(() => Compress(new CountedSteps(), Path.Combine(disk.Path, "out.hdf")));
        Assert.Contains("Read-only file system", failure.Message, StringComparison.Ordinal);
        Assert.Equal(_original, File.ReadAllBytes(_input));
    }

    /// <summary>e2compress loses the archive there: its temporary file is in the current folder, and cannot be renamed across disks.</summary>
    [Fact]
    public void Compress_ToAnotherDisk_Works()
    {
        using var disk = SmallDisk.Mount(_folder.PathOf("disk"), "size=16m");
        string output = Path.Combine(disk.Path, "out.hdf");
        Compress(new CountedSteps(), output);
        Assert.Equal([output], Directory.GetFileSystemEntries(disk.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static CompressionOptions Options(ICommitSteps steps) =>
        new() { Treatment = Treatment.Explicit(10, LimitRequest.None), Steps = steps, Threads = 2 };

    private void Compress(ICommitSteps steps, string? output = null, CancellationToken? cancellation = null) =>
        new Compressor(new ArchiveFormats()).Compress(
            _input, output ?? _output, Options(steps), cancellation ?? TestContext.Current.CancellationToken);

    private CompressionReport CompressTo(ICommitSteps steps, CancellationToken? cancellation = null) =>
        new Compressor(new ArchiveFormats()).CompressTo(_input, _output, Options(steps), cancellation ?? TestContext.Current.CancellationToken);

    private int StepCount()
    {
        var steps = new CountedSteps();
        Compress(steps);
        File.Delete(_output);
        return steps.Seen.Count;
    }

    private IEnumerable<string> Names() => Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private void AssertOriginalIsThereWith(params string[] names)
    {
        Assert.Equal(names, Names());
        Assert.Equal(_original, File.ReadAllBytes(_input));
    }

    private void AssertIsComplete()
    {
        ProbeResult probe = new ArchiveFormats().Probe(_output);
        Assert.Equal(ProbeOutcome.Archive, probe.Outcome);
        Assert.Equal(new FrameShape(Nx, Ny, 2), probe.Description!.Shape);
        Assert.Empty(probe.Description.Damage);
    }

    private static void FlipByteOfAChunk(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 4] ^= 0x10; // the first image's chunks fill the first half
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Counts steps, and fails or "dies" at one of them: a dead process takes no later step either.</summary>
    private sealed class CountedSteps : ICommitSteps
    {
        public List<CommitStep> Seen { get; } = [];

        public int FailAt { get; init; } = int.MaxValue;

        public bool IsKill { get; init; }

        public Action<CommitStep>? BeforeStep { get; init; }

        public void Before(CommitStep step)
        {
            BeforeStep?.Invoke(step);
            Seen.Add(step);
            if (Seen.Count - 1 == FailAt || (IsKill && Seen.Count > FailAt))
            {
                throw new IOException("the disk failed");
            }
        }
    }
}
