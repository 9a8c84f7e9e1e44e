using System.Text.Json;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>Bits are never lost twice: an archive that is compressed again keeps every integer, limit and attribute, whatever is asked for.</summary>
public sealed class RecompressionTests : IDisposable
{
    /// <summary>Prints the differences between two archives in what counts.</summary>
    private const string Compare = """
        import h5py, sys, numpy as np
        def attributes(o): return {(k if k.startswith('EMAN.') else 'EMAN.' + k): np.asarray(v).tolist() for k, v in o.attrs.items()}
        for before, after in zip(sys.argv[1::2], sys.argv[2::2]):
            a, b = h5py.File(before, 'r')['MDF/images'], h5py.File(after, 'r')['MDF/images']
            for n in sorted(set(a) | set(b)):
                x, y = a[n], b[n]
                if x['image'].dtype.newbyteorder('=') != y['image'].dtype or not np.array_equal(x['image'][...], y['image'][...]): print(before, n, 'samples')
                p, q = attributes(x), attributes(y)
                for k in p:
                    r, s = (np.ravel(np.asarray(v)).tolist() for v in (p[k], q.get(k, 'missing')))
                    if r != s and not (k.startswith('EMAN.stored_')): print(before, n, k, r, s)
                    if k.startswith('EMAN.stored_') and (np.float32(r[0]) != np.float32(s[0])): print(before, n, k, r, s)
            for k in a.attrs:
                if np.ravel(a.attrs[k]).tolist() != np.ravel(b.attrs[k]).tolist(): print(before, k)
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Compress_ArchivesOfOthers_KeepIntegersLimitsAndAttributes()
    {
        var options = new CompressionOptions { Treatment = Treatment.Explicit(3, LimitRequest.Sigma(1, 1)), Threads = 2 };
        List<string> pairs = [];
        foreach (JsonElement golden in GoldenData.Cases("eman2"))
        {
            // Signed or raw samples have no limits to keep; damaged stacks are refused.
            string name = golden.GetProperty("name").GetString()!;
            JsonElement archive = golden.GetProperty("archive");
            bool isTruncated = archive.TryGetProperty("images", out JsonElement images)
                && images.EnumerateArray().All(image => image.TryGetProperty("stored_renderbits", out JsonElement bits) && bits.ValueKind == JsonValueKind.Number);
            if (!isTruncated || name is "foreign_int64_renderbits" or "foreign_bits_without_limits" or "foreign_signed16_with_limits" or "ny5_write_fails_5bit"
                or "stack_missing_groups_5bit" or "stack_erased_5bit")
            {
                continue;
            }

            string before = GoldenData.PathOf("eman2", golden.GetProperty("dir").GetString()!, archive.GetProperty("file").GetString()!);
            string after = _folder.PathOf(name + ".hdf");
            new Compressor(new ArchiveFormats()).Compress(before, after, options, TestContext.Current.CancellationToken);
            pairs.AddRange(before, after);
        }

        Assert.True(!GoldenData.IsComplete || pairs.Count > 200, $"{pairs.Count / 2} archives");
        Assert.Equal("", Python.Run(Compare, [.. pairs]));
    }

    /// <summary>Our own archives: also what is lossless stays so, and what is known of the original stays known.</summary>
    [Theory]
    [InlineData("stack.mrcs", 0)]
    [InlineData("volume.mrc", 1)]
    [InlineData("gain.mrc", 0)]
    public void Compress_OwnArchive_ReadsBackTheSame(string name, int spaceGroup)
    {
        string original = MrcFile.Write(_folder.PathOf(name), 90, 70, 5, Samples.Noise(90 * 70 * 5, 21), spaceGroup);
        string first = original + ".hdf", second = _folder.PathOf("again.hdf");
        var compressor = new Compressor(new ArchiveFormats());
        compressor.Compress(original, first, new CompressionOptions(), TestContext.Current.CancellationToken);
        CompressionReport report = compressor.Compress(
            first, second, new CompressionOptions { Treatment = Treatment.Explicit(2, LimitRequest.None) }, TestContext.Current.CancellationToken);
        Assert.Equal(0, report.RmsError);
        string differences = Python.Run("""
            import h5py, sys, numpy as np
            a, b = (h5py.File(p, 'r') for p in sys.argv[1:3])
            def visit(name, x):
                y = b[name]
                for k in x.attrs:
                    if k not in ('time', 'program_version') and np.ravel(x.attrs[k]).tolist() != np.ravel(y.attrs[k]).tolist(): print(name, k)
                if set(x.attrs) != set(y.attrs): print(name, set(x.attrs) ^ set(y.attrs))
                if isinstance(x, h5py.Dataset) and x[...].tobytes() != y[...].tobytes(): print(name)
            a.visititems(visit)
            """, first, second);
        Assert.Equal("", differences);
    }

    /// <summary>Floats that EMAN2 keeps without truncation are an input like any other.</summary>
    [Fact]
    public void Compress_FloatArchiveOfEman2_IsTruncated()
    {
        string output = _folder.PathOf("out.hdf");
        CompressionReport report = new Compressor(new ArchiveFormats()).Compress(
            GoldenData.PathOf("eman2", "bits_minus1_contiguous", "archive.hdf"), output,
            new CompressionOptions { Treatment = Treatment.Explicit(8, LimitRequest.None) }, TestContext.Current.CancellationToken);
        Assert.Equal(new BitRange(8, 8), report.Bits);
        Assert.Equal(8, new ArchiveFormats().Probe(output).Description!.Rescale.Bits);
    }

    [Fact]
    public void Compress_ArchiveWithAMissingImage_IsRefused()
    {
        ArchiveException failure = Assert.Throws<ArchiveException>(() => new Compressor(new ArchiveFormats()).Compress(
            GoldenData.PathOf("eman2", "stack_missing_groups_5bit", "archive.hdf"), _folder.PathOf("out.hdf"), new CompressionOptions(),
            TestContext.Current.CancellationToken));
        Assert.Contains("image 2 does not exist", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();
}
