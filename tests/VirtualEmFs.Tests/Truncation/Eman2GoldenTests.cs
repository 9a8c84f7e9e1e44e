using System.Security.Cryptography;
using System.Text.Json;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Truncation;

/// <summary>
/// Every image that e2compress, write_compressed or the output syntax of e2proc2d and e2proc3d stored: our limits, integers and
/// counts are EMAN2's own, bit for bit. A difference shows as another hash or another bit pattern.
/// </summary>
public sealed class Eman2GoldenTests
{
    // EMAN2 is wrong there (spec section 9) or undefined; the deviations have tests of their own below.
    private static readonly string[] s_deviations = ["spec_minus3s_5s_6bit"];

    public static TheoryData<string> SoundCases() => new(
        Truncated().Where(golden => !HasTag(golden, "lossy_bug") && !s_deviations.Contains(Name(golden))).Select(Name));

    public static TheoryData<string> LostCases() => new(
        Truncated().Where(golden => HasTag(golden, "lossy_bug") && !HasTag(golden, "edge")).Select(Name));

    [Theory]
    [MemberData(nameof(SoundCases))]
    public void Truncate_GoldenCase_StoresWhatEman2Stores(string name)
    {
        JsonElement golden = Case(name);
        JsonElement[] images = [.. golden.GetProperty("archive").GetProperty("images").EnumerateArray()];
        List<float[]> inputs = Inputs(golden);
        Assert.Equal(images.Length, inputs.Count);
        for (int i = 0; i < images.Length; i++)
        {
            JsonElement image = images[i];
            int bits = image.GetProperty("stored_renderbits").GetInt32();
            ImageStatistics statistics = ImageStatistics.Of(inputs[i]);
            Assert.Equal(image.GetProperty("minimum").GetSingle(), statistics.Minimum);
            Assert.Equal(image.GetProperty("maximum").GetSingle(), statistics.Maximum);
            Assert.Equal(image.GetProperty("mean").GetSingle(), (float)statistics.Mean);
            Assert.Equal(image.GetProperty("all_int").GetInt32() == 1, statistics.IsInteger);

            (Rescale limits, QuantizationReport report, byte[] stored) = Truncate(inputs[i], Request(golden), bits);
            Assert.Equal(Hex(image, "stored_rendermin"), BitConverter.SingleToUInt32Bits(limits.Minimum).ToString("x8"));
            Assert.Equal(Hex(image, "stored_rendermax"), BitConverter.SingleToUInt32Bits(limits.Maximum).ToString("x8"));
            Assert.Equal(image.GetProperty("stored_truncated").GetInt64(), report.TruncatedCount);
            Assert.Equal(image.GetProperty("payload_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(stored)));
        }
    }

    [Theory]
    [MemberData(nameof(LostCases))]
    public void Truncate_WhereEman2LosesTheImage_KeepsItsExtremes(string name)
    {
        JsonElement golden = Case(name);
        float[] samples = Assert.Single(Inputs(golden));

        (Rescale limits, QuantizationReport report, _) = Truncate(samples, Request(golden), golden.GetProperty("bits").GetInt32());

        Assert.Equal(samples.Min(), limits.Minimum);
        Assert.Equal(samples.Max(), limits.Maximum);
        Assert.Equal(0, report.TruncatedCount);
        Assert.True(report.LargestError <= TruncationBounds.LargestError(limits), $"error {report.LargestError}");
    }

    /// <summary>EMAN2 writes no pixels of an image with fewer than 8 rows; its integers are nothing special.</summary>
    [Fact]
    public void Truncate_FiveRows_IsAnImageLikeAnyOther()
    {
        JsonElement golden = Case("ny5_write_fails_5bit");
        float[] samples = Assert.Single(Inputs(golden));

        (Rescale limits, QuantizationReport report, _) = Truncate(samples, Request(golden), 5);

        Assert.True(report.LargestError <= TruncationBounds.LargestError(limits));
        Assert.True(report.LargestMove <= limits.Maximum - limits.Minimum);
    }

    /// <summary>The documented example <c>:-3s:5s</c>: EMAN2 applies the minus sign twice and clamps nearly everything.</summary>
    [Fact]
    public void Truncate_MinusThreeSigma_LiesBelowTheMean()
    {
        float[] samples = Assert.Single(Inputs(Case("range_10_30_5bit")));
        ImageStatistics statistics = ImageStatistics.Of(samples);

        (Rescale limits, QuantizationReport report, _) = Truncate(samples, OutputSpec.Parse("archive.hdf:6:-3s:5s").Limits!, 6);

        double mean = (float)statistics.Mean, sigma = (float)statistics.Sigma;
        Assert.Equal((float)Math.Max(mean - (3 * sigma), statistics.Minimum), limits.Minimum);
        Assert.Equal((float)Math.Min(mean + (5 * sigma), statistics.Maximum), limits.Maximum);
        Assert.True(report.TruncatedCount < samples.Length / 100);
    }

    private static (Rescale Limits, QuantizationReport Report, byte[] Stored) Truncate(float[] samples, LimitRequest request, int bits)
    {
        var search = new LimitSearch(request, ImageStatistics.Of(samples));
        while (search.NeedsPass)
        {
            search.Add(samples.AsSpan(0, samples.Length / 3));
            search.Add(samples.AsSpan(samples.Length / 3));
            search.EndPass();
        }

        Rescale limits = search.Choose(bits);
        var stored = new byte[samples.Length * (bits <= 8 ? 1 : 2)];
        QuantizationReport report = Quantizer.QuantizeBytes(samples, limits, stored);
        return (limits, report, stored);
    }

    private static LimitRequest Request(JsonElement golden)
    {
        JsonElement args = golden.GetProperty("args");
        if (args.ValueKind == JsonValueKind.Object)
        {
            return args.GetProperty("nooutliers").GetBoolean() ? LimitRequest.OutliersFitted
                : args.TryGetProperty("minval", out JsonElement low) ? LimitRequest.Range(low.GetDouble(), args.GetProperty("maxval").GetDouble(), fitsData: true)
                : LimitRequest.Full;
        }

        string[] words = [.. args.EnumerateArray().SelectMany(word => word.GetString()!.Split('='))];
        if (golden.GetProperty("writer").GetString() != "e2compress")
        {
            return OutputSpec.Parse(words[0]).Limits!;
        }

        double[] Numbers(string option) => [.. words[Array.IndexOf(words, option) + 1].Split(',').Select(double.Parse)];
        return words.Contains("--nooutliers") ? LimitRequest.Outliers
            : words.Contains("--range") ? LimitRequest.Range(Numbers("--range")[0], Numbers("--range")[1])
            : words.Contains("--sigrange") ? LimitRequest.Sigma(Numbers("--sigrange")[0], Numbers("--sigrange")[1])
            : LimitRequest.None;
    }

    /// <summary>The samples of each image: sections of a stack, otherwise whole files.</summary>
    private static List<float[]> Inputs(JsonElement golden)
    {
        var images = new List<float[]>();
        foreach (JsonElement input in golden.GetProperty("inputs").EnumerateArray())
        {
            string file = input.GetProperty("file").GetString()!;
            MrcSamples mrc = MrcSamples.Read(GoldenData.PathOf("eman2", golden.GetProperty("dir").GetString()!, file));
            if (file.EndsWith(".mrcs", StringComparison.Ordinal))
            {
                images.AddRange(Enumerable.Range(0, mrc.Nz).Select(z => mrc.Section(z).ToArray()));
            }
            else
            {
                images.Add(mrc.Samples);
            }
        }

        return images;
    }

    private static string Hex(JsonElement image, string attribute) => image.GetProperty(attribute).GetProperty("f32_hex").GetString()!;

    private static string Name(JsonElement golden) => golden.GetProperty("name").GetString()!;

    /// <summary>Cases that EMAN2 truncated itself, from one or more MRC files, with a result that does not hang on the compiler.</summary>
    private static IEnumerable<JsonElement> Truncated() => GoldenData.Cases("eman2").Where(golden =>
        golden.GetProperty("writer").GetString() != "custom" && golden.GetProperty("bits").ValueKind == JsonValueKind.Number
        && golden.GetProperty("bits").GetInt32() > 0 && !golden.GetProperty("undefined_behaviour").GetBoolean());

    private static bool HasTag(JsonElement golden, string tag) =>
        golden.GetProperty("tags").EnumerateArray().Any(each => each.GetString() == tag);

    private static JsonElement Case(string name) => GoldenData.Cases("eman2").Single(golden => Name(golden) == name);
}
