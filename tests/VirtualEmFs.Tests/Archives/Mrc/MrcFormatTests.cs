using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Tests.Archives.Compression;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Mrc;

/// <summary>Plain MRC files of every mode and byte order, presented as float32.</summary>
public sealed class MrcFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, false, 36)]
    [InlineData(0, true, 37)]
    [InlineData(1, false, 37)]
    [InlineData(1, true, 36)]
    [InlineData(2, true, 37)]
    [InlineData(6, false, 37)]
    [InlineData(6, true, 37)]
    [InlineData(12, false, 37)]
    [InlineData(12, true, 36)]
    [InlineData(101, false, 36)]
    [InlineData(101, false, 37)]
    [InlineData(101, true, 37)]
    public void Read_ModeAndByteOrder_GivesTheValuesAsSingle(int mode, bool isBigEndian, int nx)
    {
        const int Ny = 2500, Nz = 3; // more rows than one piece has
        Func<int, float> valueOf = mode switch
        {
            0 => i => (i % 100) - 50,
            1 => i => (i * 31 % 65536) - 32768,
            2 => i => i * 0.37f,
            6 => i => i * 31 % 65536,
            12 => i => (i % 2000) * 0.5f,
            _ => i => i % 16,
        };
        string path = _folder.PathOf("a.mrcs");
        MrcFile.Write(path, MrcFile.Header(nx, Ny, Nz, mode), Payload(mode, isBigEndian, nx, Ny * Nz, valueOf), 256, isBigEndian);
        int frameCount = 0;
        var description = ArchiveFrames.Read(Format(MrcByteSign.Signed), path, (frame, samples) =>
        {
            frameCount++;
            float[] expected = [.. Enumerable.Range(frame * nx * Ny, nx * Ny).Select(valueOf)];
            SparseSamples.AssertSame(expected, samples, $"mode {mode} frame {frame}");
        });

        Assert.Equal(Nz, frameCount);
        Assert.Equal(ArchiveContent.Stack, description.Content);
        Assert.Same(description, VirtualMrc.Normalise(description));
        var mrc = VirtualMrc.Create(description);
        Assert.True(MrcHeader.TryParse(mrc.Header.Span, out var header, out _));
        Assert.Equal((2, false), (header!.Mode, header.IsBigEndian));
        Assert.Equal(mrc.Header.Length + (4L * nx * Ny * Nz), mrc.LengthBytes);
        Assert.Equal((256, 1.5f, "a label of the test"), (header.ExtendedHeaderLengthBytes, header.CellLengths.X / nx, header.Labels[0]));
    }

    /// <summary>Stage positions and tilt angles stand behind the main header.</summary>
    [Theory]
    [InlineData("SERI", 2, null)]
    [InlineData("AGAR", 4, null)]
    [InlineData("CCP4", 1, null)]
    [InlineData("", 1, "numbers in it stay big-endian")]
    public void Probe_BigEndianWithExtendedHeader_TurnsWhatItKnows(string type, int numberLengthBytes, string? remark)
    {
        string path = _folder.PathOf("a.mrc");
        MrcFile.Write(path, MrcFile.Header(8, 8, 1, 1) with { ExtendedHeaderType = type }, new byte[128], 256, isBigEndian: true);
        byte[] stored = File.ReadAllBytes(path);
        (stored[128], stored[129], stored[130], stored[131]) = (0, 24, 0, 3);
        File.WriteAllBytes(path, stored);
        ArchiveDescription description = ArchiveFrames.Probe(Format(), path).Description!;
        byte[] shown = VirtualMrc.Create(description).Header.ToArray();
        Assert.Equal([24, 0, 3, 0], shown[128..132]);
        Assert.Equal(type, System.Text.Encoding.ASCII.GetString(shown, 104, 4).Trim('\0'));
        Assert.Equal(stored[1024..1280].Chunk(numberLengthBytes).SelectMany(each => each.Reverse()), shown[1024..]);
        Assert.Equal(remark is not null, description.Remarks.Any(each => each.Contains(remark ?? "extended", StringComparison.Ordinal)));
    }

    /// <summary>Both byte orders of one file show the same header. Words and characters that nobody here reads are somebody's: tilt angles of
    /// IMOD, an old program's numbers, labels behind those that are counted, letters outside ASCII.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)] // the layout before the year 2000: an origin in the place of MAP and stamp
    public void Probe_BigEndian_ShowsTheHeaderOfItsLittleEndianTwin(bool hasMapStamp)
    {
        var header = MrcFile.Header(8, 8, 1, 1) with
        {
            ImodStamp = MrcHeader.ImodStampValue, ImodFlags = 1 | 16 | 4, Statistics = new FrameStatistics(1, 2, 1.5f, 0.5f),
        };
        string little = MrcFile.Write(_folder.PathOf("little.mrc"), header, new byte[128]);
        byte[] bytes = File.ReadAllBytes(little);
        List<(int Offset, byte[] LittleEndian)> numbers =
        [
            (96, [1, 2]), (108, [0x9D, 0x4E, 0, 0]), (112, [1, 2, 3, 4]), (124, [5, 6, 7, 8]), (128, [24, 0]), (130, [3, 0]), (132, [7, 0]), (134, [8, 0]),
            (136, [9, 8, 7, 6]), (148, [6, 7, 8, 9]), (220, [2, 0, 0, 0]),
            .. Enumerable.Range(0, 6).Select(i => (160 + (2 * i), BitConverter.GetBytes((short)(i + 1)))), // idtype to vd2
            .. Enumerable.Range(0, 6).Select(i => (172 + (4 * i), BitConverter.GetBytes(10.5f + (9.9f * i)))), // tilt angles
        ];
        if (!hasMapStamp)
        {
            numbers.AddRange([(208, BitConverter.GetBytes(-12.25f)), (212, BitConverter.GetBytes(33.5f))]);
        }

        foreach ((int offset, byte[] number) in numbers)
        {
            number.CopyTo(bytes, offset);
        }

        "SERI"u8.CopyTo(bytes.AsSpan(104));
        bytes[230] = 0xE9; // é in Latin-1
        bytes.AsSpan(304, 80).Fill((byte)' '); // a label of blanks counts
        bytes[1000] = (byte)'x'; // a character in the last label, which is not counted
        File.WriteAllBytes(little, bytes);

        byte[] turned = [.. bytes];
        foreach (int offset in Enumerable.Range(0, 56).Select(word => 4 * word).Where(offset => offset is not (96 or 104 or 128 or 132 or 160 or 164 or 168)
            && (offset is not (208 or 212) || !hasMapStamp)))
        {
            turned.AsSpan(offset, 4).Reverse();
        }

        foreach (int offset in (int[])[96, 128, 130, 132, 134, 160, 162, 164, 166, 168, 170])
        {
            turned.AsSpan(offset, 2).Reverse();
        }

        if (hasMapStamp)
        {
            turned[212] = turned[213] = 0x11;
        }

        string big = _folder.PathOf("big.mrc");
        File.WriteAllBytes(big, turned);

        byte[] expected = ArchiveFrames.Probe(Format(), little).Description!.PreservedHeader.ToArray();
        Assert.Equal(expected, ArchiveFrames.Probe(Format(), big).Description!.PreservedHeader.ToArray());
        Assert.Equal([2, 0, 0, 0], expected[12..16]);
        Assert.Equal([4, 0, 0, 0], expected[156..160]);
        Assert.Equal(bytes[160..1024], expected[160..]);
    }

    [Fact]
    public void Probe_LittleEndianSingle_IsLeftAsItIs()
    {
        string path = MrcFile.Write(_folder.PathOf("a.mrc"), 8, 8, 1, new float[64]);
        Assert.Equal((ProbeOutcome.NoImages, "it is float32 and little-endian already"), Outcome(path));
    }

    [Theory]
    [InlineData(-1, "it is incomplete: 1 bytes are missing of the 1152 that its header announces")]
    [InlineData(1, "it has 1 bytes more than the 1152 that its header announces: it is no exact MRC file")]
    public void Probe_OtherLengthThanAnnounced_IsLeftAsItIs(int surplus, string reason)
    {
        string path = MrcFile.Write(_folder.PathOf("a.mrc"), MrcFile.Header(8, 8, 1, 1), new byte[128 + surplus]);
        Assert.Equal((ProbeOutcome.NoImages, reason), Outcome(path));
    }

    /// <summary>IMOD's stamp, the header's statistics, the bytes themselves, in this order; unless the user knows better.</summary>
    [Theory]
    [InlineData(true, 1, 0f, 200f, 200, MrcByteSign.Automatic, SampleType.Int8)]
    [InlineData(true, 0, -5f, 100f, 10, MrcByteSign.Automatic, SampleType.UInt8)]
    [InlineData(false, 0, 0f, 200f, 10, MrcByteSign.Automatic, SampleType.UInt8)]
    [InlineData(false, 0, -1f, 200f, 10, MrcByteSign.Automatic, SampleType.Int8)]
    [InlineData(false, 0, 0f, 100f, 150, MrcByteSign.Automatic, SampleType.Int8)]
    [InlineData(false, 0, 0f, -1f, 150, MrcByteSign.Automatic, SampleType.UInt8)]
    [InlineData(false, 0, 0f, -1f, 200, MrcByteSign.Automatic, SampleType.Int8)]
    [InlineData(false, 0, 0f, 200f, 150, MrcByteSign.Signed, SampleType.Int8)]
    [InlineData(true, 1, 0f, 100f, 10, MrcByteSign.Unsigned, SampleType.UInt8)]
    public void Probe_Bytes_DecidesTheirSign(
        bool hasImodStamp, int imodFlags, float minimum, float maximum, byte sample, MrcByteSign choice, SampleType expected)
    {
        var header = MrcFile.Header(8, 8, 1, 0) with
        {
            ImodStamp = hasImodStamp ? MrcHeader.ImodStampValue : 0, ImodFlags = imodFlags,
            Statistics = new FrameStatistics(minimum, maximum, minimum <= maximum ? minimum : -2, minimum <= maximum ? 1 : -1),
        };
        byte[] payload = new byte[64];
        payload[9] = sample;
        string path = MrcFile.Write(_folder.PathOf("a.mrc"), header, payload);
        var description = ArchiveFrames.Probe(Format(choice), path).Description!;
        Assert.Equal(expected, description.SampleType);
        Assert.True(MrcHeader.TryParse(description.PreservedHeader.Span, out var presented, out _));
        Assert.Equal(0, presented!.ImodFlags & 1);
    }

    /// <summary>A random read of packed samples does not unpack the whole section.</summary>
    [Fact]
    public void Decode_OneBlock_ReadsOnlyItsRows()
    {
        string path = MrcFile.Write(_folder.PathOf("a.mrc"), MrcFile.Header(4096, 4096, 1, 101), new byte[2048 * 4096]);
        var description = ArchiveFrames.Probe(Format(), path).Description!;
        var file = SourceFile.Open(path);
        using var archive = new MappedArchive(description, Format().OpenMap([file], description), [file]);
        using var slots = new DecodeSlots(1);
        var extent = description.Grid.ExtentOf(20);
        archive.Decode(extent, new byte[archive.FormatOf(extent).LengthBytes], slots);
        Assert.InRange(file.ReadBytes, 1, 512 * 1024);
    }

    [Fact]
    public void Read_MutatedFiles_AnswersOrFails()
    {
        var random = new Random(20);
        foreach (int mode in new[] { 0, 1, 6, 12, 101 })
        {
            string path = _folder.PathOf($"mode{mode}.mrc");
            MrcFile.Write(path, MrcFile.Header(33, 9, 2, mode), Payload(mode, isBigEndian: false, 33, 18, _ => 3), 64);
            byte[] sound = File.ReadAllBytes(path);
            for (int round = 0; round < 400; round++)
            {
                byte[] broken = [.. sound];
                broken[random.Next(256)] = (byte)random.Next(256);
                broken[random.Next(32)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(path, broken.AsSpan(0, random.Next(8) == 0 ? random.Next(broken.Length) : broken.Length));
                if (ArchiveFrames.Probe(Format(), path) is { Description: not null })
                {
                    ArchiveFrames.Read(Format(), path, static (_, _) => { });
                }
            }
        }
    }

    private static MrcFormat Format(MrcByteSign sign = MrcByteSign.Automatic) => new(new FormatOptions { PresentsMrcAsSingle = true, ByteSign = sign });

    private static (ProbeOutcome Outcome, string? Reason) Outcome(string path)
    {
        var result = ArchiveFrames.Probe(Format(), path);
        return (result.Outcome, result.Reason);
    }

    // Rows as a writer of the mode stores them.
    private static byte[] Payload(int mode, bool isBigEndian, int nx, int rowCount, Func<int, float> valueOf)
    {
        int rowLengthBytes = mode switch { 0 => nx, 2 => 4 * nx, 101 => (nx + 1) / 2, _ => 2 * nx };
        byte[] payload = new byte[rowLengthBytes * rowCount];
        for (int row = 0; row < rowCount; row++)
        {
            for (int x = 0; x < nx; x++)
            {
                float value = valueOf((row * nx) + x);
                int start = row * rowLengthBytes;
                if (mode == 101)
                {
                    payload[start + (x / 2)] |= (byte)((int)value << (4 * (x % 2)));
                    continue;
                }

                byte[] sample = mode switch
                {
                    0 => [unchecked((byte)(sbyte)value)],
                    1 => BitConverter.GetBytes((short)value),
                    2 => BitConverter.GetBytes(value),
                    6 => BitConverter.GetBytes((ushort)value),
                    _ => BitConverter.GetBytes((Half)value),
                };
                if (isBigEndian)
                {
                    Array.Reverse(sample);
                }

                sample.CopyTo(payload, start + (x * sample.Length));
            }
        }

        return payload;
    }
}
