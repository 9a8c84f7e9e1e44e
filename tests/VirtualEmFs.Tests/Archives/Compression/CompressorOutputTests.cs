using System.Globalization;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>What others find in our archives, and what they cost beside the samples.</summary>
public sealed class CompressorOutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>EMAN2's own spend 17 to 20 KB.</summary>
    [Fact]
    public void Compress_ManyParticles_CostsAtMostThreeKibibytesEach()
    {
        const int Count = 2000;
        string archive = Compress("particles.mrcs", 32, 32, Count, 5);
        long stored = long.Parse(Python.Run("""
            import h5py, sys
            print(sum(g['image'].id.get_storage_size() for g in h5py.File(sys.argv[1], 'r')['MDF/images'].values()))
            """, archive), CultureInfo.InvariantCulture);
        long overhead = new FileInfo(archive).Length - stored;
        Assert.InRange(overhead / Count, 1, 3 * 1024);
    }

    /// <summary>With their names they are most of what an image costs.</summary>
    [Fact]
    public void Compress_Particles_HaveAtMostSixteenAttributes()
    {
        string archive = Compress("particles.mrcs", 32, 32, 3, 5);
        Assert.Equal("16", Python.Run("import h5py, sys; print(len(h5py.File(sys.argv[1], 'r')['MDF/images/1'].attrs))", archive));
    }

    [Theory]
    [InlineData("micrograph.mrc", 0, 1)]
    [InlineData("micrograph.mrc", -1, 1)]
    [InlineData("stack.mrcs", 5, 3)]
    [InlineData("volume.rec", 12, 3)]
    public void Compress_Anything_IsReadByTheToolsOfHdf5(string name, int bits, int sections)
    {
        string archive = Compress(name, 300, 200, sections, bits);
        Assert.Contains("/VirtualEmFs", Python.RunProgram("h5dump", "-n", archive), StringComparison.Ordinal);
        Assert.Contains("DATA {", Python.RunProgram("h5dump", "-d", "/MDF/images/0/image", "-y", "-w", "0", archive), StringComparison.Ordinal);
        Assert.Contains("File metadata:", Python.RunProgram("h5stat", archive), StringComparison.Ordinal);
    }

    /// <summary>Thousands of images with figures of their own must not be thousands of lines.</summary>
    [Fact]
    public void Compress_ManyImagesThatLoseDetail_WarnsInAFewSentences()
    {
        Compress("particles.mrcs", 32, 32, 100, 3, out CompressionReport report);
        Assert.Equal(4, report.Warnings.Length);
        Assert.Equal("so for 100 of 100 images", report.Warnings[^1]);
    }

    private string Compress(string name, int nx, int ny, int nz, int bits) => Compress(name, nx, ny, nz, bits, out _);

    private string Compress(string name, int nx, int ny, int nz, int bits, out CompressionReport report)
    {
        int spaceGroup = name.EndsWith(".rec", StringComparison.Ordinal) ? 1 : 0;
        string input = MrcFile.Write(_folder.PathOf(name), nx, ny, nz, Samples.Noise(nx * ny * nz, 31), spaceGroup), output = input + ".hdf";
        var options = new CompressionOptions { Treatment = Treatment.Explicit(bits, LimitRequest.None), IsUncompressed = bits < 0, Threads = 2 };
        report = new Compressor(new ArchiveFormats()).Compress(input, output, options, TestContext.Current.CancellationToken);
        return output;
    }
}
