using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.Eman2;

/// <summary>Every archive that EMAN2 wrote or reads: described as the manifest says, stored integers and values as EMAN2 reads them, to the bit.</summary>
public sealed class Eman2GoldenTests
{
    private static readonly ArchiveFormats s_formats = new();

    public static TheoryData<string> Names() => [.. GoldenData.Cases("eman2").Select(each => each.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Archive_OfGoldenCase_ReadsAsEman2Does(string name)
    {
        JsonElement golden = GoldenData.Cases("eman2").First(each => each.GetProperty("name").GetString() == name);
        string folder = GoldenData.PathOf("eman2", golden.GetProperty("dir").GetString()!);
        JsonElement manifest = golden.GetProperty("archive");
        ProbeResult result = s_formats.Probe(Path.Combine(folder, manifest.GetProperty("file").GetString()!));
        JsonElement[] images = manifest.TryGetProperty("images", out JsonElement list) ? [.. list.EnumerateArray()] : [];
        if (images.Length > 0 && !images.Any(Exists))
        {
            Assert.Equal(ProbeOutcome.Broken, result.Outcome);
            Assert.Contains("no samples", result.Reason, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(ProbeOutcome.Archive, result.Outcome);
        ArchiveDescription description = result.Description!;
        CheckContent(golden.GetProperty("layout").GetString()!, description);
        Assert.Equal(images.Where(image => !Exists(image)).Select(image => image.GetProperty("index").GetInt32()).Take(64), Damaged(description));
        foreach (JsonElement image in images)
        {
            CheckImage(image, description);
        }

        foreach (JsonElement expected in golden.GetProperty("expected").EnumerateArray())
        {
            if (expected.GetProperty("file").GetString() is string file)
            {
                CheckValues(expected, Path.Combine(folder, file), description, golden.GetProperty("undefined_behaviour").GetBoolean());
            }
        }
    }

    public static TheoryData<string> Maps() => [.. Directory.GetFiles(GoldenData.PathOf("real"), "*.hdf").Order().Select(path => Path.GetFileNameWithoutExtension(path))];

    [Theory]
    [MemberData(nameof(Maps))]
    public void Archive_OfRealMap_ReadsAsEman2Does(string name)
    {
        ArchiveDescription description = s_formats.Probe(GoldenData.PathOf("real", $"{name}.hdf")).Description!;
        Assert.Equal(ArchiveContent.Volume, description.Content);
        int nz = description.Shape.FrameCount;
        using IArchive archive = s_formats.Open(description);
        float[] expected = MrcValues(GoldenData.PathOf("real", $"{name}.expected.mrc"));
        AssertBits(expected, [.. Enumerable.Range(0, nz).SelectMany(frame => DecodedArchive.Values(archive, frame))], description.Rescale);
    }

    private static bool Exists(JsonElement image) => image.GetProperty("exists").GetBoolean();

    private static IEnumerable<int> Damaged(ArchiveDescription description) => description.Damage.Select(damage => damage.FrameIndex!.Value).Order();

    private static void CheckContent(string layout, ArchiveDescription description)
    {
        ArchiveContent[] possible = layout switch
        {
            "image" => [ArchiveContent.Image, ArchiveContent.Volume], // one image, of two or three dimensions
            "volume" => [ArchiveContent.Volume],
            "volume_stack" => [ArchiveContent.Folder],
            _ => [ArchiveContent.Stack, ArchiveContent.Folder], // images of several sizes
        };
        Assert.Contains(description.Content, possible);
    }

    /// <summary>An image's shape, limits and stored integers, against what EMAN2's own files hold.</summary>
    private static void CheckImage(JsonElement image, ArchiveDescription whole)
    {
        int number = image.GetProperty("index").GetInt32();
        if (!Exists(image))
        {
            CheckMissing(whole, number);
            return;
        }

        bool isMember = whole.Content == ArchiveContent.Folder;
        ArchiveDescription description = isMember ? s_formats.DescribeMember(whole, number) : whole;
        int[] dimensions = [.. image.GetProperty("dims").EnumerateArray().Select(each => each.GetInt32())];
        Assert.Equal(dimensions[^1], description.Shape.Nx);
        Assert.Equal(dimensions.Length > 1 ? dimensions[^2] : 1, description.Shape.Ny);
        using IArchive archive = s_formats.Open(description);
        bool isStack = description.Content == ArchiveContent.Stack;
        int frame = isStack ? number : 0;
        BlockFormat format = archive.FormatOf(description.Grid.ExtentOf(description.Grid.BlockOf(frame, 0)));
        CheckLimits(image, format.Rescale);
        byte[] stored = DecodedArchive.Stored(archive, frame, isStack ? 1 : description.Shape.FrameCount);
        Assert.Equal(image.GetProperty("payload_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(stored)));
        if (!isStack && image.TryGetProperty("mean", out JsonElement mean) && mean.ValueKind == JsonValueKind.Number)
        {
            Assert.Equal(mean.GetSingle(), description.Statistics!.Value.Mean);
            Assert.Equal(image.GetProperty("sigma").GetSingle(), description.Statistics.Value.Sigma);
            Assert.Equal(image.GetProperty("minimum").GetSingle(), description.Statistics.Value.Minimum);
            Assert.Equal(image.GetProperty("maximum").GetSingle(), description.Statistics.Value.Maximum);
        }
    }

    private static void CheckMissing(ArchiveDescription description, int number)
    {
        if (description.Content == ArchiveContent.Folder)
        {
            Assert.DoesNotContain(number, description.Members);
            return;
        }

        using IArchive archive = s_formats.Open(description);
        var error = Assert.Throws<ArchiveException>(() => archive.FormatOf(description.Grid.ExtentOf(description.Grid.BlockOf(number, 0))));
        Assert.Equal(number, error.FrameIndex);
    }

    private static void CheckLimits(JsonElement image, Rescale rescale)
    {
        bool hasLimits = image.TryGetProperty("stored_rendermin", out JsonElement minimum) && minimum.ValueKind == JsonValueKind.Object;
        if (rescale.IsNone || !hasLimits)
        {
            // EMAN2 rescales nothing without limits, nor with bits that are no int32.
            return;
        }

        Assert.Equal(image.GetProperty("stored_renderbits").GetInt32(), rescale.Bits);
        Assert.Equal(Bits(minimum), BitConverter.SingleToInt32Bits(rescale.Minimum));
        Assert.Equal(Bits(image.GetProperty("stored_rendermax")), BitConverter.SingleToInt32Bits(rescale.Maximum));
    }

    private static int Bits(JsonElement value) => int.Parse(value.GetProperty("f32_hex").GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static void CheckValues(JsonElement expected, string path, ArchiveDescription whole, bool isUndefined)
    {
        bool isAll = expected.GetProperty("index").ValueKind == JsonValueKind.String;
        int number = isAll ? 0 : expected.GetProperty("index").GetInt32();
        ArchiveDescription description = whole.Content == ArchiveContent.Folder ? s_formats.DescribeMember(whole, number) : whole;
        using IArchive archive = s_formats.Open(description);
        bool isStack = description.Content == ArchiveContent.Stack;
        IEnumerable<int> frames = isStack && !isAll ? [number] : Enumerable.Range(0, description.Shape.FrameCount);
        float[] wanted = MrcValues(path);
        int frameLength = (int)description.Shape.FrameLengthSamples;
        int first = 0;
        foreach (int frame in frames)
        {
            float[] values = DecodedArchive.Values(archive, frame);
            if (isUndefined)
            {
                Assert.All(values, value => Assert.True(float.IsFinite(value)));
            }
            else
            {
                Rescale rescale = archive.FormatOf(description.Grid.ExtentOf(description.Grid.BlockOf(frame, 0))).Rescale;
                AssertBits(wanted.AsSpan(first, frameLength), values, rescale);
            }

            first += frameLength;
        }

        Assert.Equal(wanted.Length, first);
        CheckHeader(expected, description);
    }

    /// <summary>Pixel size, start and origin as EMAN2 hands them on.</summary>
    private static void CheckHeader(JsonElement expected, ArchiveDescription description)
    {
        if (!expected.TryGetProperty("header", out JsonElement header))
        {
            return;
        }

        Assert.Equal(header.GetProperty("xlen").GetSingle(), header.GetProperty("mx").GetInt32() * description.PixelSize.X, 1e-3);
        Assert.Equal(header.GetProperty("ylen").GetSingle(), header.GetProperty("my").GetInt32() * description.PixelSize.Y, 1e-3);
        float[] origin = [.. header.GetProperty("origin").EnumerateArray().Select(each => each.GetSingle())];
        Assert.Equal(origin[0], description.Origin.X);
        Assert.Equal(origin[1], description.Origin.Y);
    }

    private static float[] MrcValues(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int headerBytes = 1024 + BitConverter.ToInt32(bytes, 92);
        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(headerBytes)).ToArray();
    }

    /// <summary>Bit for bit, but for the zero that EMAN2's rounding misses.</summary>
    private static void AssertBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, Rescale rescale)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            bool isZero = actual[i] == 0 && MathF.Abs(expected[i]) <= rescale.ZeroTolerance;
            if (!isZero && BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
            {
                Assert.Fail($"sample {i} is {actual[i]:G9} instead of {expected[i]:G9}");
            }
        }
    }
}
