using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.Eman2;

/// <summary>EMAN2 puts images into archives that were made of files of whole numbers: rounding its values would be another picture.</summary>
public sealed class ReplacedImageTests : IDisposable
{
    private const int Nx = 20, Ny = 16, FrameLength = Nx * Ny;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int, string> Kinds => [.. from mode in (int[])[0, 1, 6] from kind in (string[])["8 bits", "float", "NaN"] select (mode, kind)];

    /// <summary>All images then read as EMAN2 reads them, as float32 behind a header that says so.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Replaced_InAnArchiveOfWholeNumbers_ReadsAsEman2Reads(int mode, string kind)
    {
        string archive = Archive(mode, 3, out float[] numbers);
        Assert.Equal(mode, ModeOf(AlteredArchive.Shown(archive)));
        float[] replaced = AlteredArchive.Replace(archive, 1, kind);
        byte[] shown = AlteredArchive.Shown(archive);
        Assert.Equal((2, 1024 + (3 * FrameLength * sizeof(float))), (ModeOf(shown), shown.Length));
        AssertValues([.. numbers[..FrameLength], .. replaced, .. numbers[(2 * FrameLength)..]], shown);
    }

    /// <summary>Archives of older versions do not say what was stored, but limits with fractions between them tell.</summary>
    [Fact]
    public void Replaced_InAnOlderArchive_ReadsAsEman2Reads()
    {
        string archive = Archive(1, 3, out float[] numbers);
        AlteredArchive.MakeOlder(archive);
        byte[] before = AlteredArchive.Shown(archive);
        Assert.Equal(1, ModeOf(before));
        float[] replaced = AlteredArchive.Replace(archive, 0, "8 bits");
        byte[] shown = AlteredArchive.Shown(archive);
        Assert.Equal(2, ModeOf(shown));
        AssertValues([.. replaced, .. numbers[FrameLength..]], shown);
    }

    /// <summary>Older archives of whole numbers that were truncated and clamped have limits of any kind, and read as they did.</summary>
    [Theory]
    [InlineData(0, 8)]
    [InlineData(4, 8)]
    [InlineData(4, 1)]
    [InlineData(6, 0)]
    public void OlderArchive_OfWholeNumbers_ReadsAsBefore(int bits, double sigmas)
    {
        string archive = Archive(1, 3, out _, Treatment.Explicit(bits, sigmas > 0 ? LimitRequest.Sigma(sigmas, sigmas) : LimitRequest.None));
        byte[] before = AlteredArchive.Shown(archive);
        AlteredArchive.MakeOlder(archive);
        Assert.Equal(1, ModeOf(before));
        Assert.Equal(before, AlteredArchive.Shown(archive));
    }

    /// <summary>Images of two neighbouring numbers have limits of one step and three bins.</summary>
    [Fact]
    public void OlderArchive_OfTwoNumbers_ReadsAsBefore()
    {
        byte[] payload = [.. Enumerable.Range(0, FrameLength).Select(i => (byte)(7 + (i % 2)))];
        string archive = _folder.PathOf("mask.hdf");
        Compress(MrcFile.Write(_folder.PathOf("mask.mrc"), MrcFile.Header(Nx, Ny, 1, 0), payload), archive, null);
        AlteredArchive.MakeOlder(archive);
        byte[] shown = AlteredArchive.Shown(archive);
        Assert.Equal(0, ModeOf(shown));
        Assert.Equal(payload, shown[1024..]);
    }

    /// <summary>A probe reads the headers of 64 images; what it passes over is an error, not another picture.</summary>
    [Fact]
    public void Replaced_WhereNoProbeLooks_IsAnError()
    {
        string archive = Archive(1, 200, out float[] numbers);
        AlteredArchive.Replace(archive, 1, "8 bits");
        ArchiveDescription description = VirtualMrc.Normalise(new ArchiveFormats().Probe(archive).Description!);
        using IArchive opened = new ArchiveFormats().Open(description);
        ArchiveException failure = Assert.Throws<ArchiveException>(() => opened.FormatOf(new BlockExtent(1, 1, 0, Ny)));
        Assert.Equal(1, failure.FrameIndex);
        Assert.Contains("not what emfs stored there", failure.Message, StringComparison.Ordinal);
        Assert.Equal(numbers[(2 * FrameLength)..(3 * FrameLength)], DecodedArchive.Values(opened, 2));
    }

    /// <summary>Float32 shows what EMAN2 shows in any case, and keeps the header that the user's program wrote.</summary>
    [Fact]
    public void Replaced_InAnArchiveOfFloats_KeepsTheHeader()
    {
        string input = MrcFile.Write(_folder.PathOf("a.mrcs"), Nx, Ny, 3, Samples.Noise(3 * FrameLength, 1)), archive = _folder.PathOf("a.hdf");
        Compress(input, archive, null);
        byte[] before = AlteredArchive.Shown(archive);
        float[] replaced = AlteredArchive.Replace(archive, 1, "float");
        byte[] shown = AlteredArchive.Shown(archive);
        Assert.Equal(before[..1024], shown[..1024]);
        Assert.Equal(replaced, MemoryMarshal.Cast<byte, float>(shown.AsSpan(1024))[FrameLength..(2 * FrameLength)]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(101)]
    public void Render_OfNaN_InModesOfWholeNumbers_IsZero(int mode)
    {
        byte[] rendered = [255, 255, 255, 255];
        Span<byte> row = rendered.AsSpan(0, MrcRendering.RowLengthBytes(mode, 2));
        MrcRendering.Render(MemoryMarshal.AsBytes<float>([float.NaN, float.NaN]), SampleType.Float32, Rescale.None, mode, 2, 0, row);
        Assert.Equal(-1, row.IndexOfAnyExcept((byte)0));
    }

    /// <summary>An archive of noise in whole numbers.</summary>
    private string Archive(int mode, int frameCount, out float[] numbers, Treatment? treatment = null)
    {
        numbers = [.. Samples.Noise(frameCount * FrameLength, 5, 60, 12).Select(value => MathF.Round(Math.Clamp(value, 0, 127)))];
        byte[] payload = mode == 0
            ? [.. numbers.Select(value => (byte)value)]
            : MemoryMarshal.AsBytes<short>([.. numbers.Select(value => (short)value)]).ToArray();
        string archive = _folder.PathOf("numbers.hdf");
        Compress(MrcFile.Write(_folder.PathOf("numbers.mrcs"), MrcFile.Header(Nx, Ny, frameCount, mode), payload), archive, treatment);
        return archive;
    }

    private static void Compress(string input, string archive, Treatment? treatment) => new Compressor(new ArchiveFormats()).Compress(
        input, archive, new CompressionOptions { Treatment = treatment }, TestContext.Current.CancellationToken);

    private static int ModeOf(byte[] file) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(12));

    private static void AssertValues(ReadOnlySpan<float> expected, byte[] file) =>
        Assert.Equal(MemoryMarshal.AsBytes(expected).ToArray(), file[1024..]);
}
