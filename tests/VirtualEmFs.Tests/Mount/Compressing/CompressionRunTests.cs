using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Compressing;
using VirtualEmFs.Tests.Archives.Compression;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Compressing;

/// <summary>Many files at once: what is wrong with one of them leaves the others alone.</summary>
public sealed class CompressionRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_OneFileOverflowsMemory_TheOthersAreDone(int threads)
    {
        CompressionJob[] jobs = [.. ((string[])["first", "overflows", "exhausts", "last"]).Select(Job)];
        var options = new CompressionRunOptions { Compression = new CompressionOptions { Threads = threads } };
        CompressionOutcome[] outcomes = new CompressionRun(new FailingFormats(), options, _ => { }, TestContext.Current.CancellationToken).Run(jobs);

        Assert.Equal(
            [CompressionStatus.Compressed, CompressionStatus.Failed, CompressionStatus.Failed, CompressionStatus.Compressed],
            outcomes.Select(outcome => outcome.Status));
        Assert.All(outcomes[1..3], outcome => Assert.Equal("its images are larger than this machine's memory, or than can be counted", outcome.Reason));
        Assert.Equal(
            ["exhausts.mrc", "first.hdf", "first.mrc", "last.hdf", "last.mrc", "overflows.mrc"],
            Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private CompressionJob Job(string stem)
    {
        string input = MrcFile.Write(_folder.PathOf(stem + ".mrc"), 64, 64, 1, Samples.Noise(64 * 64, 1));
        return new CompressionJob(input, _folder.PathOf(stem + ".hdf"), stem + ".mrc", new FileInfo(input).Length);
    }

    /// <summary>Fails for the files whose names say so.</summary>
    private sealed class FailingFormats : IArchiveFormats
    {
        private readonly ArchiveFormats _formats = new();

        public ProbeResult Probe(string path) => Path.GetFileName(path) switch
        {
            "overflows.mrc" => throw new OverflowException(),
            "exhausts.mrc" => throw new InsufficientMemoryException(),
            _ => _formats.Probe(path),
        };

        public ArchiveDescription DescribeMember(ArchiveDescription folder, int imageNumber) => _formats.DescribeMember(folder, imageNumber);

        public IArchive Open(ArchiveDescription description) => _formats.Open(description);
    }
}
