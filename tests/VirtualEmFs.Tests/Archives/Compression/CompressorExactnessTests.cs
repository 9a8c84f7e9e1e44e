using System.CommandLine;
using System.Runtime.InteropServices;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Commands;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>What must come back exactly: the whole file is compared, header, extended header and samples.</summary>
public sealed class CompressorExactnessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(0, false, 0)]
    [InlineData(1, false, 160)]
    [InlineData(1, true, 0)]
    [InlineData(2, false, 0)] // any bytes: NaN of every form among them
    [InlineData(2, true, 64)]
    [InlineData(6, false, 0)]
    [InlineData(6, true, 1024)]
    [InlineData(12, false, 0)] // likewise
    [InlineData(12, true, 0)]
    [InlineData(101, false, 0)]
    public void Compress_AnyBitsOfAnyMode_ComeBack(int mode, bool isBigEndian, int extendedLengthBytes)
    {
        const int Nx = 61, Ny = 47, Nz = 3; // odd: rows of mode 101 end in half a byte
        var payload = new byte[new MrcSampleFormat(mode, isBigEndian).RowLengthBytes(Nx) * Ny * Nz];
        new Random(mode).NextBytes(payload);
        if (mode == 101)
        {
            int rowLengthBytes = (Nx + 1) / 2;
            for (int row = 0; row < Ny * Nz; row++)
            {
                payload[(row * rowLengthBytes) + rowLengthBytes - 1] &= 0x0F; // no sample there
            }
        }

        string path = MrcFile.Write(_folder.PathOf("a.mrcs"), MrcFile.Header(Nx, Ny, Nz, mode), payload, extendedLengthBytes, isBigEndian);
        AssertComesBack(path);
    }

    [Fact]
    public void Compress_FiveThousandLabels_ComeBack()
    {
        var random = new Random(3);
        float[] labels = [.. Enumerable.Range(0, 96 * 96 * 8).Select(_ => (float)random.Next(5000))];
        AssertComesBack(MrcFile.Write(_folder.PathOf("particles.mrc"), 96, 96, 8, labels, spaceGroup: 1));
    }

    [Fact]
    public void Compress_Int16WithOneHotPixel_ComesBack()
    {
        var samples = new short[256 * 100];
        float[] noise = Samples.Noise(samples.Length, 4, sigma: 40);
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (short)noise[i];
        }

        samples[777] = short.MaxValue;
        AssertComesBack(MrcFile.Write(_folder.PathOf("tilt.st"), MrcFile.Header(256, 100, 1, 1), MemoryMarshal.AsBytes(samples.AsSpan())));
    }

    [Theory]
    [InlineData("gain.mrc", 0)]
    [InlineData("run_half1_class001_unfil.mrc", 1)]
    public void Compress_LosslessByName_ComesBack(string name, int spaceGroup) =>
        AssertComesBack(MrcFile.Write(_folder.PathOf(name), 64, 64, 4, Samples.Noise(64 * 64 * 4, 5, mean: 1, sigma: 0.1), spaceGroup));

    /// <summary>Whole numbers, but for the sign of one zero: every byte comes back where the rule says losslessly.</summary>
    [Theory]
    [InlineData("mask_x.mrc", 2)]
    [InlineData("particle.mrc", 12)]
    public void Compress_NegativeZeroWhereTheRuleSaysLosslessly_ComesBack(string name, int mode)
    {
        float[] samples = [.. Enumerable.Range(0, 90 * 70).Select(i => i / 90 % 2 == 0 ? 1f : 0f)];
        (samples[95], samples[^1]) = (-0f, -0f);
        ReadOnlySpan<byte> payload = mode == 2
            ? MemoryMarshal.AsBytes(samples.AsSpan())
            : MemoryMarshal.AsBytes<Half>(samples.Select(sample => (Half)sample).ToArray());
        AssertComesBack(MrcFile.Write(_folder.PathOf(name), MrcFile.Header(90, 70, 1, mode), payload));
    }

    [Fact]
    public void Compress_CountedMovie_ComesBack() =>
        AssertComesBack(MrcFile.Write(_folder.PathOf("movie.mrcs"), 128, 128, 6, Samples.CountedMovie(128 * 128, 6, 6)));

    [Fact]
    public void Compress_NanAndInfinity_ComeBack()
    {
        float[] samples = Samples.Noise(100 * 90, 7);
        (samples[5], samples[6], samples[7]) = (float.NaN, float.PositiveInfinity, BitConverter.UInt32BitsToSingle(0x7F800001));
        AssertComesBack(MrcFile.Write(_folder.PathOf("a.mrc"), 100, 90, 1, samples));
    }

    /// <summary>One pixel of 10⁵ would leave the rest a single level at 10 bits.</summary>
    [Fact]
    public void Compress_MicrographWithOneHotPixel_KeepsItsNoise()
    {
        float[] samples = Samples.Noise(512 * 512, 8);
        samples[12345] = 1e5f;
        string path = MrcFile.Write(_folder.PathOf("m.mrc"), 512, 512, 1, samples);
        CompressionReport report = Compress(path, out _);
        Assert.Equal(1, report.GuardedCount);
        Assert.True(report.RmsError < 0.1, $"rms error {report.RmsError}");
    }

    public void Dispose() => _folder.Dispose();

    private static CompressionReport Compress(string path, out string output)
    {
        output = path + ".hdf";
        return new Compressor(new ArchiveFormats()).Compress(path, output, new CompressionOptions { Threads = 2 }, TestContext.Current.CancellationToken);
    }

    private static void AssertComesBack(string path)
    {
        Compress(path, out string archive);
        string back = path + ".back";
        Assert.Equal(0, ExtractCommand.Create().Parse([archive, "-o", back]).Invoke());
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(back)), $"{path} comes back differently");
    }
}
