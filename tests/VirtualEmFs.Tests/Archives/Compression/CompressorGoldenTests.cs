using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>
/// Whole files, from MRC to archive: what h5py finds in our archives is what it finds in EMAN2's, sample for sample and limit for
/// limit. Cases where EMAN2 loses the image, or transposes it, have tests of their own.
/// </summary>
public sealed class CompressorGoldenTests : IDisposable
{
    // EMAN2 transposes files with swapped axes; we keep the order of the file, so that its header stays true. The others are
    // EMAN2's mistakes (spec section 9) or samples that are refused.
    private static readonly string[] s_deviations = ["mrc_axes_swapped_bits0", "spec_minus3s_5s_6bit"];

    /// <summary>Prints, for each archive and image, what EMAN2's manifest holds of it.</summary>
    private const string Describe = """
        import h5py, sys, json, hashlib, numpy as np, struct
        out = {}
        for path in sys.argv[1:]:
            f = h5py.File(path, 'r'); g = f['MDF/images']; images = []
            for n in range(int(g.attrs['imageid_max'][0]) + 1):
                i = g[str(n)]; d = i['image']; a = dict(i.attrs)
                hexes = lambda k: struct.pack('>f', a[k][0]).hex() if k in a else None
                assert d.chunks is not None and all(c <= s for c, s in zip(d.chunks, d.shape))
                images.append({'sha': hashlib.sha256(np.ascontiguousarray(d[...]).tobytes()).hexdigest(), 'dtype': d.dtype.str, 'dims': list(d.shape),
                    'min': hexes('EMAN.stored_rendermin'), 'max': hexes('EMAN.stored_rendermax'),
                    'bits': int(a['EMAN.stored_renderbits'][0]) if 'EMAN.stored_renderbits' in a else None,
                    'truncated': int(a['EMAN.stored_truncated'][0]) if 'EMAN.stored_truncated' in a else None,
                    'stats': [float(a['EMAN.' + k][0]) for k in ('minimum', 'maximum', 'mean')],
                    'apix': [round(float(a['EMAN.apix_' + k][0]), 4) for k in 'xyz'], 'n': [int(a['EMAN.n' + k][0]) for k in 'xyz']})
            out[path] = images
        print(json.dumps(out))
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Compress_EveryGoldenCase_StoresWhatEman2Stores()
    {
        var archives = new Dictionary<string, (JsonElement Golden, int FirstImage)>();
        foreach (JsonElement golden in Cases())
        {
            JsonElement[] inputs = [.. golden.GetProperty("inputs").EnumerateArray()];
            for (int i = 0; i < inputs.Length; i++)
            {
                string output = _folder.PathOf($"{golden.GetProperty("name").GetString()}.{i}.hdf");
                string input = GoldenData.PathOf("eman2", golden.GetProperty("dir").GetString()!, inputs[i].GetProperty("file").GetString()!);
                Compress(input, output, golden);
                archives.Add(output, (golden, i));
            }
        }

        Assert.True(!GoldenData.IsComplete || archives.Count > 95, $"{archives.Count} archives");
        using var found = JsonDocument.Parse(Python.Run(Describe, [.. archives.Keys]));
        foreach ((string path, (JsonElement golden, int firstImage)) in archives)
        {
            JsonElement[] expected = [.. golden.GetProperty("archive").GetProperty("images").EnumerateArray().Skip(firstImage)];
            JsonElement[] images = [.. found.RootElement.GetProperty(path).EnumerateArray()];
            for (int i = 0; i < images.Length; i++)
            {
                AssertSame(Path.GetFileName(path), expected[i], images[i]);
            }
        }
    }

    /// <summary>Real maps: EMAN2 made the 12-bit archives with <c>:12:f</c>, those of 8 bits with <c>--nooutliers</c>.</summary>
    [Theory]
    [MemberData(nameof(RealMaps))]
    public void Compress_RealMap_StoresWhatEman2Stores(string map, int bits)
    {
        string output = _folder.PathOf($"{map}.hdf"), eman2 = GoldenData.PathOf("real", $"{map}.{bits}bit.hdf");
        var options = new CompressionOptions
        {
            Treatment = Treatment.Explicit(bits, bits == 12 ? LimitRequest.Full : LimitRequest.Outliers),
            ThirdAxis = MrcThirdAxis.Volume,
        };
        new Compressor(new ArchiveFormats()).Compress(GoldenData.PathOf("real", $"{map}.map"), output, options, TestContext.Current.CancellationToken);
        string same = Python.Run($"""
            import h5py
            a, b = h5py.File({Python.Quote(output)}, 'r')['MDF/images/0'], h5py.File({Python.Quote(eman2)}, 'r')['MDF/images/0']
            print((a['image'][...] == b['image'][...]).all(), all(a.attrs['EMAN.stored_' + k] == b.attrs['EMAN.stored_' + k] for k in ('rendermin', 'rendermax', 'renderbits', 'truncated')))
            """);
        Assert.Equal("True True", same);
    }

    public static TheoryData<string, int> RealMaps()
    {
        var cases = new TheoryData<string, int>();
        foreach (string path in Directory.GetFiles(GoldenData.PathOf("real"), "*.map").Order(StringComparer.Ordinal))
        {
            cases.Add(Path.GetFileNameWithoutExtension(path), 8);
            cases.Add(Path.GetFileNameWithoutExtension(path), 12);
        }

        return cases;
    }

    public void Dispose() => _folder.Dispose();

    private static void Compress(string input, string output, JsonElement golden)
    {
        (int bits, LimitRequest limits, int? level) = GoldenOptions.Of(golden);
        var options = new CompressionOptions
        {
            Treatment = Treatment.Explicit(bits, limits),
            IsUncompressed = bits < 0,
            Level = level,
            ThirdAxis = input.EndsWith(".mrcs", StringComparison.Ordinal) ? MrcThirdAxis.Sections : MrcThirdAxis.Volume,
            ByteSign = MrcByteSign.Unsigned,
            Threads = 2,
        };
        new Compressor(new ArchiveFormats()).Compress(input, output, options, TestContext.Current.CancellationToken);
    }

    private static void AssertSame(string name, JsonElement expected, JsonElement found)
    {
        string? Limit(string key) => expected.GetProperty(key) is { ValueKind: JsonValueKind.Object } limit ? limit.GetProperty("f32_hex").GetString() : null;
        int? Number(string key) => expected.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;
        int? Found(string key) => found.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;
        Assert.Equal((name, Limit("stored_rendermin")), (name, found.GetProperty("min").GetString()));
        Assert.Equal((name, Limit("stored_rendermax")), (name, found.GetProperty("max").GetString()));
        Assert.Equal((name, Number("stored_renderbits")), (name, Found("bits")));
        Assert.Equal((name, expected.GetProperty("payload_sha256").GetString()), (name, found.GetProperty("sha").GetString()));
        Assert.Equal((name, expected.GetProperty("dtype").GetString()), (name, found.GetProperty("dtype").GetString()));
        Assert.Equal(Shape(expected), Shape(found));
        if (Number("stored_renderbits") is not null)
        {
            Assert.Equal((name, Number("stored_truncated")), (name, Found("truncated")));
        }

        Assert.Equal(expected.GetProperty("minimum").GetSingle(), found.GetProperty("stats")[0].GetSingle());
        Assert.Equal(expected.GetProperty("maximum").GetSingle(), found.GetProperty("stats")[1].GetSingle());
        Assert.Equal(expected.GetProperty("mean").GetSingle(), found.GetProperty("stats")[2].GetSingle());
        for (int axis = 0; axis < 3; axis++)
        {
            Assert.Equal(expected.GetProperty("apix_" + "xyz"[axis]).GetSingle(), found.GetProperty("apix")[axis].GetSingle(), 4);
            Assert.Equal(expected.GetProperty("n" + "xyz"[axis]).GetInt32(), found.GetProperty("n")[axis].GetInt32());
        }
    }

    private static IEnumerable<int> Shape(JsonElement image) => image.GetProperty("dims").EnumerateArray().Select(dimension => dimension.GetInt32());

    private static IEnumerable<JsonElement> Cases() => GoldenData.Cases("eman2").Where(golden =>
    {
        string[] tags = [.. golden.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)];
        return golden.GetProperty("writer").GetString() != "custom" && !golden.GetProperty("undefined_behaviour").GetBoolean()
            && !tags.Any(tag => tag is "lossy_bug" or "nan" or "inf") && !s_deviations.Contains(golden.GetProperty("name").GetString());
    });
}
