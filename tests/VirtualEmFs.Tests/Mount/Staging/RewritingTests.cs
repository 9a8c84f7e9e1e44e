using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Tests.Archives;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Truncation;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Staging;

/// <summary>Bits are never lost twice, however often a program writes a file that is archived in between.</summary>
public sealed class RewritingTests : IDisposable
{
    private const int Nx = 60, Ny = 50;
    private const int FrameLength = Nx * Ny;
    private const string Clamped = """[{"glob": "*", "bits": 5, "outliers": "4s:4s"}]""";

    private readonly TemporaryFolder _folder = new();
    private string? _archive;
    private int _archiveCount;

    public void Dispose() => _folder.Dispose();

    public static TheoryData<int, int, string> Kinds => new()
    {
        // mode, frames at first, rules
        { 2, 3, Clamped },
        { 2, 1, Clamped },
        { 2, 3, """{"profile": "paper"}""" },
        { 2, 3, """[{"glob": "*", "bits": 8, "outliers": "o"}]""" },
        { 2, 3, """[{"glob": "*", "bits": 16, "outliers": "3s:3s"}]""" },
        { 2, 3, """[{"glob": "*", "lossless": true}]""" },
        { 0, 3, Clamped },
        { 1, 3, Clamped },
        { 6, 3, Clamped },
        { 12, 3, "[]" },
        { 12, 3, Clamped },
        { 1, 3, """[{"glob": "*", "bits": 5, "outliers": "4s:4s", "truncateIntegers": true}]""" },
        { 0, 3, """[{"glob": "*", "bits": 4, "outliers": "2s:2s", "truncateIntegers": true}]""" },
    };

    /// <summary>SerialEM rewrites the header and appends a section, again and again.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void TenHeadersAndTenAppends_LeaveOldFramesAsTheyWere(int mode, int frameCount, string rules)
    {
        Archive(File(mode, frameCount), rules);
        for (int i = 0; i < 10; i++)
        {
            StoredFrame[] before = Frames();
            byte[] shown = Restored();
            Encoding.ASCII.GetBytes($"rewritten {i}").CopyTo(shown.AsSpan(224));
            BinaryPrimitives.WriteSingleLittleEndian(shown.AsSpan(76), -10 * i); // dmin: bytes then read as signed
            Archive(shown, rules);
            Assert.Equal(before, Frames());
            Assert.Equal(shown, Restored());
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(shown)), ArchiveOrigin.Read(_archive!)!.Sha256);
        }

        for (int i = 0; i < 10; i++, frameCount++)
        {
            StoredFrame[] before = Frames();
            byte[] shown = [.. Restored(), .. Payload(mode, Noise(100 + i))];
            BinaryPrimitives.WriteInt32LittleEndian(shown.AsSpan(8), frameCount + 1);
            ArchivingResult result = Archive(shown, rules);
            StoredFrame[] after = Frames();
            Assert.Equal(before, after[..frameCount]);
            Assert.Equal(after[frameCount].Record.TruncatedCount, result.ClampedSamples);
            Assert.True(mode != 2 || rules != Clamped || after[frameCount].Record.TruncatedCount >= 6, "a new frame is clamped once");
            Assert.Equal(shown[..^Payload(mode, new float[FrameLength]).Length], Restored()[..^Payload(mode, new float[FrameLength]).Length]);
        }
    }

    /// <summary>Images that are cut among threads, and a volume, which has one dataset.</summary>
    [Theory]
    [InlineData(1, 0, 1100, 1000)]
    [InlineData(6, 1, 70, 60)]
    public void RewrittenHeader_OfLargeImagesAndVolumes_LeavesAllAsItWas(int frameCount, int spaceGroup, int nx, int ny)
    {
        string raw = MrcFile.Write(_folder.PathOf("raw"), nx, ny, frameCount, Noise(1, nx * ny * frameCount), spaceGroup);
        Archive(System.IO.File.ReadAllBytes(raw), Clamped);
        StoredFrame[] before = Frames();
        byte[] shown = Restored();
        shown[230]++;
        Archive(shown, Clamped);
        Assert.Equal(before, Frames());
        shown[^2] ^= 0x01; // the last sample, by a 128th
        Archive(shown, Clamped);
        Assert.Equal(before.Select(frame => frame.Rescale), Frames().Select(frame => frame.Rescale));
        Assert.Equal(before[..^1].Select(frame => frame.Integers), Frames()[..^1].Select(frame => frame.Integers));
    }

    [Fact]
    public void OtherRulesNow_ChangeOnlyFramesThatChanged()
    {
        Archive(File(2, 3), Clamped);
        StoredFrame[] before = Frames();
        byte[] shown = Restored();
        Floats(shown)[(2 * FrameLength) + 7] = 50; // far outside
        ArchivingResult result = Archive(shown, """[{"glob": "*", "bits": 12, "outliers": "1s:1s"}]""");
        StoredFrame[] after = Frames();
        Assert.Equal(before[..2], after[..2]);
        Assert.Equal((12, 0L), (after[2].Rescale.Bits, result.ClampedSamples));
        Assert.Equal(50, after[2].Rescale.Maximum, 0.01f);
    }

    /// <summary>What did not change in a frame that did becomes the same integers, as long as all of it lies within the limits.</summary>
    [Fact]
    public void ChangeInsideTheLimits_KeepsThem()
    {
        Archive(File(2, 3), Clamped);
        StoredFrame[] before = Frames();
        byte[] shown = Restored();
        Floats(shown)[FrameLength + 7] = 0.123f;
        ArchivingResult result = Archive(shown, Clamped);
        StoredFrame[] after = Frames();
        Assert.Equal((before[0], before[2], before[1].Rescale), (after[0], after[2], after[1].Rescale));
        byte[] expected = Convert.FromHexString(before[1].Integers), actual = Convert.FromHexString(after[1].Integers);
        actual[7] = expected[7];
        Assert.Equal(expected, actual);
        Assert.Equal(0L, result.ClampedSamples);
    }

    /// <summary>A frame that leaves its limits gets others, which clamp nothing, whatever the rule says.</summary>
    [Fact]
    public void ChangeOutsideTheLimits_ClampsNothing()
    {
        Archive(File(2, 3), Clamped);
        StoredFrame[] before = Frames();
        Assert.True(before[1].Record.TruncatedCount > 0);
        byte[] shown = Restored();
        Noise(77).CopyTo(Floats(shown)[FrameLength..]);
        ArchivingResult result = Archive(shown, Clamped);
        StoredFrame[] after = Frames();
        Assert.Equal((before[0], before[2]), (after[0], after[2]));
        Assert.Equal((0L, false), (result.ClampedSamples, after[1].Record.IsClamped));
        Assert.Equal(30, after[1].Rescale.Maximum, 1f);
    }

    /// <summary>Whole numbers that a program writes into a frame with limits of its own stay exact.</summary>
    [Fact]
    public void FrameThatBecomesWholeNumbers_IsExact()
    {
        Archive(File(2, 3), Clamped);
        byte[] shown = Restored();
        Floats(shown).Slice(FrameLength, FrameLength).Fill(1);
        Archive(shown, Clamped);
        Assert.Equal(shown, Restored());
    }

    [Fact]
    public void LosslessFrames_FollowTheRule_ButAreNotClamped()
    {
        byte[] raw = File(2, 3);
        Archive(raw, """[{"glob": "*", "lossless": true}]""");
        ArchivingResult result = Archive(raw, Clamped);
        Assert.Equal(0, result.ClampedSamples);
        Assert.All(Frames(), frame => Assert.InRange(frame.Rescale.Bits, 5, 16));
        Assert.All(Frames(), frame => Assert.Equal(30, frame.Rescale.Maximum, 1f));
    }

    [Fact]
    public void OtherSize_HasLimitsOfItsOwn_WithoutClamping()
    {
        Archive(File(2, 3), Clamped);
        MrcFile.Write(_folder.PathOf("raw"), Ny, Nx, 3, Noise(5, 3 * FrameLength));
        ArchivingResult result = Archive(System.IO.File.ReadAllBytes(_folder.PathOf("raw")), Clamped);
        Assert.Equal(0, result.ClampedSamples);
        Assert.All(Frames(), frame => Assert.Equal(30, frame.Rescale.Maximum, 1f));
    }

    /// <summary>An archive of EMAN2's own: its integers go on, and what is clamped there is not clamped again.</summary>
    [Fact]
    public void ArchiveOfOthers_GivesItsIntegersOn()
    {
        _archive = GoldenData.PathOf("eman2", "spec_3s_3s_6bit", "archive.hdf");
        var description = new ArchiveFormats().Probe(_archive).Description!;
        using IArchive earlier = new ArchiveFormats().Open(description);
        byte[] integers = DecodedArchive.Stored(earlier, 0, 1);
        Archive(Restored(), """{"profile": "paper"}""");
        Assert.Equal((description.Rescale, Convert.ToHexString(integers)), (Frames()[0].Rescale, Frames()[0].Integers));
    }

    [Fact]
    public void EarlierArchiveThatCannotBeRead_IsAFailure()
    {
        Archive(File(2, 1), Clamped);
        System.IO.File.WriteAllBytes(_archive!, System.IO.File.ReadAllBytes(_archive!)[..700]);
        ArchiveException failure = Assert.ThrowsAny<ArchiveException>(() => Archive(File(2, 1), Clamped));
        Assert.Contains("the archive that the samples came from cannot be read", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>What is stored of a frame.</summary>
    private sealed record StoredFrame(Rescale Rescale, SampleType SampleType, string Integers, FrameRecord Record);

    private StoredFrame[] Frames()
    {
        using IArchive archive = new ArchiveFormats().Open(new ArchiveFormats().Probe(_archive!).Description!);
        using SourceFile file = SourceFile.Open(_archive!);
        using Hdf5File hdf5 = Hdf5File.TryOpen(file)!;
        FrameRecord[] records = EarlierProvenance.Read(hdf5)!.Value.Records;
        return
        [
            .. Enumerable.Range(0, archive.Description.Shape.FrameCount).Select(frame =>
            {
                BlockFormat format = archive.FormatOf(new BlockExtent(frame, 1, 0, 1));
                return new StoredFrame(format.Rescale, format.SampleType, Convert.ToHexString(DecodedArchive.Stored(archive, frame, 1)), records[frame]);
            }),
        ];
    }

    /// <summary>Archives bytes under the rules; the archive before them is the one that they came out of.</summary>
    private ArchivingResult Archive(byte[] raw, string rules)
    {
        System.IO.File.WriteAllBytes(_folder.PathOf("raw"), raw);
        string path = _folder.PathOf($"{_archiveCount++}.hdf");
        var options = new MrcArchiverOptions { Rules = RulesFile.Parse(Encoding.UTF8.GetBytes(rules), "rules.json"), Threads = 2 };
        ArchivingResult result = new MrcArchiver(new ArchiveFormats(), options).Archive(
            new ArchiveTask(_folder.PathOf("raw"), path, "a.mrc", _archive, 5), TestContext.Current.CancellationToken);
        Assert.Null(result.KeptRawReason);
        _archive = path;
        return result;
    }

    private byte[] Restored()
    {
        var file = new RawFile();
        new MrcArchiver(new ArchiveFormats(), new MrcArchiverOptions()).Restore(
            new ArchiveFormats().Probe(_archive!).Description!, MrcView.Natural, file, _ => { }, TestContext.Current.CancellationToken);
        return file.Bytes;
    }

    private byte[] File(int mode, int frameCount)
    {
        byte[] payload = [.. Enumerable.Range(0, frameCount).SelectMany(frame => Payload(mode, Noise(frame)))];
        return System.IO.File.ReadAllBytes(MrcFile.Write(_folder.PathOf("raw"), MrcFile.Header(Nx, Ny, frameCount, mode), payload));
    }

    /// <summary>Noise of sigma 1 with outliers up to 30.</summary>
    private static float[] Noise(int seed, int length = FrameLength)
    {
        float[] samples = Samples.Noise(length, seed);
        for (int i = 50; i < length; i += 1000)
        {
            (samples[i], samples[i + 1]) = (30, -20.5f);
        }

        return samples;
    }

    private static byte[] Payload(int mode, float[] samples) => mode switch
    {
        0 => [.. samples.Select(sample => (byte)(100 + (3 * sample)))],
        1 => MemoryMarshal.AsBytes<short>([.. samples.Select(sample => (short)(40 * sample))]).ToArray(),
        6 => MemoryMarshal.AsBytes<ushort>([.. samples.Select(sample => (ushort)(1000 + (40 * sample)))]).ToArray(),
        12 => MemoryMarshal.AsBytes<Half>([.. samples.Select(sample => (Half)sample)]).ToArray(),
        _ => MemoryMarshal.AsBytes(samples.AsSpan()).ToArray(),
    };

    private static Span<float> Floats(byte[] file) => MemoryMarshal.Cast<byte, float>(file.AsSpan(1024));
}
