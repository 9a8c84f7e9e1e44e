using System.Runtime.InteropServices;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Mrcz;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Mrcz;

/// <summary>MRCZ files that c-blosc wrote: every codec, shuffle and sample type, sample for sample.</summary>
public sealed class MrczFormatTests : IDisposable
{
    private static readonly string s_script = Path.Combine(GoldenData.RepositoryRoot, "tests", "python", "mrcz_file.py");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none", 0, "i2", "<", 61)]
    [InlineData("lz4", 0, "i2", "<", 61)]
    [InlineData("lz4", 1, "i2", "<", 61)]
    [InlineData("lz4", 2, "i2", "<", 64)]
    [InlineData("lz4", 1, "f4", "<", 256)]
    [InlineData("lz4hc", 2, "u2", ">", 64)]
    [InlineData("zlib", 0, "u2", "<", 61)]
    [InlineData("zlib", 1, "f4", "<", 61)]
    [InlineData("zlib", 2, "f4", ">", 64)]
    [InlineData("zstd", 0, "i1", "<", 61)]
    [InlineData("zstd", 2, "i1", "<", 300)]
    [InlineData("zstd", 1, "f4", "<", 256)]
    [InlineData("zstd", 2, "f4", "<", 61)]
    [InlineData("zstd", 2, "i4", "<", 64)]
    [InlineData("zstd", 2, "u4", ">", 61)]
    [InlineData("zstd", 2, "f2", "<", 64)]
    [InlineData("zstd", 2, "nibble", "<", 61)]
    [InlineData("lz4", 1, "nibble", "<", 64)]
    public void Read_FileOfCBlosc_GivesItsSamples(string codec, int shuffle, string kind, string order, int nx)
    {
        const int Ny = 47, Nz = 3;

        // By itself Blosc makes one block of so small a section; short blocks leave a shorter last one and groups that are not whole.
        foreach (string blockBytes in new[] { "0", "4096", "1000" })
        {
            string path = Write(codec, shuffle, kind, order, nx, Ny, Nz, 1, blockBytes);
            float[] expected = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path + ".f32")).ToArray();
            int frameCount = 0;
            var description = ArchiveFrames.Read(Format, path, (frame, samples) =>
            {
                frameCount++;
                SparseSamples.AssertSame(expected.AsSpan(frame * nx * Ny, nx * Ny), samples, $"frame {frame}, blocks of {blockBytes}");
            });
            Assert.Equal(Nz, frameCount);
            Assert.Equal((ArchiveContent.Stack, 1.25f, 1.25f), (description.Content, description.PixelSize.X, description.PixelSize.Z));
        }
    }

    [Theory]
    [InlineData("blosclz")]
    [InlineData("snappy")]
    public void Probe_OtherCodec_SaysSoAndLeavesTheFile(string codec)
    {
        var result = ArchiveFrames.Probe(Format, Write(codec, 1, "i4", "<", 256, 64, 1, 0, "0"));
        Assert.Equal((ProbeOutcome.NoImages, $"the Blosc data are compressed with {codec}, which is not supported"), (result.Outcome, result.Reason));
    }

    [Fact]
    public void Probe_TruncatedFile_IsBroken()
    {
        string path = Write("zstd", 2, "i2", "<", 64, 64, 4, 1, "0");
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(file.Length - 1);
        }

        var result = ArchiveFrames.Probe(Format, path);
        Assert.Equal((ProbeOutcome.Broken, "section 3 is damaged, or the file ends before it does"), (result.Outcome, result.Reason));
    }

    /// <summary>A frame that read others, too, would cost as much as the whole stack.</summary>
    [Fact]
    public void Decode_OneSection_ReadsOnlyItsChunk()
    {
        string path = Write("zstd", 2, "i2", "<", 256, 256, 8, 1, "0");
        var description = ArchiveFrames.Probe(Format, path).Description!;
        var file = SourceFile.Open(path);
        using var archive = new MappedArchive(description, Format.OpenMap([file], description), [file]);
        using var slots = new DecodeSlots(1);
        var extent = description.Grid.ExtentOf(5);
        archive.Decode(extent, new byte[archive.FormatOf(extent).LengthBytes], slots);
        Assert.Equal((1, 1), (archive.DecodedPieceCount, file.ReadCount));
        Assert.InRange(file.ReadBytes, 1, file.LengthBytes / 7);
    }

    [Theory]
    [InlineData("zstd", 2)]
    [InlineData("lz4", 1)]
    [InlineData("zlib", 0)]
    [InlineData("none", 0)]
    public void Read_MutatedFiles_AnswersOrFails(string codec, int shuffle)
    {
        string path = Write(codec, shuffle, "i2", "<", 64, 40, 2, 1, "1024");
        byte[] sound = File.ReadAllBytes(path);
        var random = new Random(30 + shuffle);
        for (int round = 0; round < 500; round++)
        {
            byte[] broken = [.. sound];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                // Header, the first chunk's header and block starts, or anything.
                int place = random.Next(3) switch { 0 => random.Next(112), 1 => 1040 + random.Next(60), _ => random.Next(broken.Length) };
                broken[place] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)(broken[place] ^ (1 << random.Next(8)));
            }

            File.WriteAllBytes(path, broken.AsSpan(0, random.Next(8) == 0 ? random.Next(broken.Length) : broken.Length));
            try
            {
                if (ArchiveFrames.Probe(Format, path).Description is { Shape.LengthSamples: < 1 << 24 })
                {
                    ArchiveFrames.Read(Format, path, static (_, _) => { });
                }
            }
            catch (ArchiveException exception)
            {
                Assert.NotEmpty(exception.Reason);
            }
        }
    }

    private static MrczFormat Format { get; } = new(FormatOptions.Default);

    private string Write(string codec, int shuffle, string kind, string order, int nx, int ny, int nz, int slices, string blockBytes)
    {
        string path = _folder.PathOf("a.mrcz");
        Python.RunProgram("/usr/bin/python3", s_script, path, codec, $"{shuffle}", kind, order, $"{nx}", $"{ny}", $"{nz}", $"{slices}", blockBytes);
        return path;
    }
}
