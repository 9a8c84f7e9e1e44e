using System.Runtime.InteropServices;
using System.Text.Json;
using VirtualEmFs.Tests.Archives;
using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>TIFF and EER movies through a real mount and through <c>emfs extract</c>: every sample as RELION reads it.</summary>
public sealed class RelionMountTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Case> _cases = [];
    private readonly string _source;

    public RelionMountTests()
    {
        _source = _folder.PathOf("source");
        Directory.CreateDirectory(_source);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mount_OfTiffs_ReadsAsRelionReadsThem()
    {
        foreach (JsonElement golden in GoldenData.Cases("relion").Where(each => each.GetProperty("category").GetString() is "tiff" or "convert"))
        {
            JsonElement expected = golden.GetProperty("expected");
            Add(FileOf(golden.GetProperty(golden.TryGetProperty("tiff", out _) ? "tiff" : "input")), FileOf(expected), expected.TryGetProperty("full_shape", out _));
        }

        Assert.True(!GoldenData.IsComplete || _cases.Count == 65, $"{_cases.Count} cases");
        AssertMountAndExtractionAreExact();
    }

    /// <summary>What relion_convert_to_tiff wrote with a gain reference; its manifest lists no files of each movie.</summary>
    [Fact]
    public void Mount_OfTiffsOfGainConversion_ReadsAsRelionReadsThem()
    {
        string folder = GoldenData.PathOf("relion");
        foreach (string path in Directory.GetFiles(Path.Combine(folder, "gain"), "m*.tif", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(folder, path);
            Add(name, Path.ChangeExtension(name, ".expected.npy.gz"));
        }

        Assert.True(!GoldenData.IsComplete || _cases.Count == 4, $"{_cases.Count} cases");
        AssertMountAndExtractionAreExact();
    }

    public static TheoryData<int, int> EerOptions() =>
        [.. EerRenderings().Select(each => (each.Expected.GetProperty("grouping").GetInt32(), each.Expected.GetProperty("upsampling").GetInt32())).Distinct()];

    [Theory]
    [MemberData(nameof(EerOptions))]
    public void Mount_OfEers_ReadsAsRelionDrawsThem(int grouping, int upsampling)
    {
        foreach ((string file, JsonElement expected) in EerRenderings())
        {
            if (expected.GetProperty("upsampling").GetInt32() == upsampling && expected.GetProperty("grouping").GetInt32() == grouping)
            {
                // relion_convert_to_tiff loses a last group of one internal frame; RELION's motion correction has it.
                int knownFrames = expected.GetProperty("frames").GetInt32();
                Add(file, FileOf(expected), isSparse: true, knownFrames, knownFrames + (grouping == 1 ? 1 : 0));
            }
        }

        AssertMountAndExtractionAreExact("--eer-grouping", $"{grouping}", "--eer-upsampling", $"{upsampling}");
    }

    /// <summary>Plain files keep their names; those that every program reads keep their bytes, too.</summary>
    [Fact]
    public void Mount_OfMrcsAsSingle_ReadsAsRelionReadsThem()
    {
        string[] untouched = ["f32.mrcs", "f32_movie.mrc", "f32_nostamp_nocell.mrcs", "f32_trailing.mrcs"];
        JsonElement[] cases = [.. GoldenData.Cases("relion").Where(each => each.GetProperty("category").GetString() == "mrc"
            && File.Exists(GoldenData.PathOf("relion", FileOf(each.GetProperty("input")))))];
        Assert.True(!GoldenData.IsComplete || cases.Length == 13, $"{cases.Length} cases");
        foreach (JsonElement golden in cases)
        {
            string path = GoldenData.PathOf("relion", FileOf(golden.GetProperty("input")));
            File.Copy(path, Path.Combine(_source, Path.GetFileName(path)));
        }

        using var mount = MountedProcess.Start(_source, "--float32");
        string extracted = _folder.PathOf("extracted/");
        string[] presented = [.. Directory.GetFiles(_source).Where(path => !untouched.Contains(Path.GetFileName(path)))];
        Programs.Check(Programs.Emfs, ["extract", "--float32", "-o", extracted, .. presented]);
        foreach (JsonElement golden in cases)
        {
            string name = Path.GetFileName(FileOf(golden.GetProperty("input")));
            byte[] bytes = File.ReadAllBytes(mount.PathOf(name));
            byte[] same = File.ReadAllBytes(Path.Combine(untouched.Contains(name) ? _source : extracted, name));
            Assert.True(bytes.AsSpan().SequenceEqual(same), $"{name}: the mount shows other bytes");
            float[] samples = NumpyArray.Read(GoldenData.PathOf("relion", FileOf(golden.GetProperty("expected")))).Floats;
            if (name == "u8_imod_unsigned.mrcs")
            {
                // RELION ignores IMOD's stamp, and takes counts above 127 for negative ones.
                Assert.Contains(samples, sample => sample < 0);
                samples = [.. samples.Select(sample => sample < 0 ? sample + 256 : sample)];
            }

            int payloadOffset = 1024 + BitConverter.ToInt32(bytes, 92);
            Assert.Equal(2, BitConverter.ToInt32(bytes, 12));
            SparseSamples.AssertSame(samples, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(payloadOffset, 4 * samples.Length)), name);
        }
    }

    /// <summary>An EER gain reference divides: whoever multiplies by it gets pictures that look right and are wrong.</summary>
    [Fact]
    public void Gain_OfAnEer_IsToldByHeaderAttributeAndInfo()
    {
        Add("eer/f4i_65002_2k/f4i_65002_2k.eer", expectedFile: "");
        using var mount = MountedProcess.Start(_source, "--eer-grouping", "5");
        string virtualFile = mount.PathOf("000_f4i_65002_2k.mrc");
        Assert.Contains("divides", System.Text.Encoding.ASCII.GetString(File.ReadAllBytes(virtualFile), 224, 800), StringComparison.Ordinal);
        Assert.Contains("divides", Programs.Check("getfattr", "--only-values", "-n", "user.emfs.gain", virtualFile), StringComparison.Ordinal);
        string info = Programs.Check(Programs.Emfs, "info", "--eer-grouping", "2", Path.Combine(_source, "000_f4i_65002_2k.eer"));
        Assert.Contains("divides", info, StringComparison.Ordinal);
        Assert.Contains("the last 1 are left out", info, StringComparison.Ordinal);
    }

    [Fact]
    public void EerGrouping_OutOfBounds_IsRefusedInOneSentence()
    {
        ProgramResult result = Programs.Run(TimeSpan.FromMinutes(1), Programs.Emfs, ["info", "--eer-grouping", "0", "x.eer"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("'0' is not a whole number from 1 to 65535 (--eer-grouping)", result.Error, StringComparison.Ordinal);
    }

    private static string FileOf(JsonElement part) => part.GetProperty("file").GetString()!;

    private static IEnumerable<(string File, JsonElement Expected)> EerRenderings() =>
        from golden in GoldenData.Cases("relion")
        where golden.GetProperty("category").GetString() == "eer"
        from expected in golden.GetProperty("expected").EnumerateArray()
        where expected.TryGetProperty("frames", out _) && expected.TryGetProperty("upsampling", out JsonElement upsampling) && upsampling.GetInt32() <= 2
        where File.Exists(GoldenData.PathOf("relion", FileOf(golden.GetProperty("input"))))
        select (FileOf(golden.GetProperty("input")), expected);

    private void Add(string file, string expectedFile, bool isSparse = false, int? knownFrames = null, int? frameCount = null)
    {
        string path = GoldenData.PathOf("relion", file);
        if (File.Exists(path))
        {
            // Numbered: cases of different options share their files' names.
            string name = $"{_cases.Count:000}_{Path.GetFileName(path)}";
            File.Copy(path, Path.Combine(_source, name));
            _cases.Add(new Case(Path.GetFileNameWithoutExtension(name), expectedFile, isSparse, knownFrames, frameCount));
        }
    }

    private void AssertMountAndExtractionAreExact(params string[] options)
    {
        Assert.NotEmpty(_cases);
        using var mount = MountedProcess.Start(_source, options);
        string extracted = _folder.PathOf("extracted/");
        Programs.Check(Programs.Emfs, ["extract", .. options, "-o", extracted, .. Directory.GetFiles(_source)]);
        foreach (Case each in _cases)
        {
            string virtualFile = Assert.Single(Directory.GetFiles(mount.MountPoint, each.VirtualName + ".mrc*"));
            AssertSame(each, virtualFile, Path.Combine(extracted, Path.GetFileName(virtualFile)));
        }
    }

    // Frame by frame: a movie of 8192 x 8192 is longer than an array can be.
    private static void AssertSame(Case golden, string virtualFile, string extractedFile)
    {
        var expected = NumpyArray.Read(GoldenData.PathOf("relion", golden.ExpectedFile));
        using FileStream mounted = File.OpenRead(virtualFile);
        using FileStream extracted = File.OpenRead(extractedFile);
        Assert.Equal(mounted.Length, extracted.Length);
        byte[] header = new byte[1024];
        AssertRead(mounted, extracted, header, golden.VirtualName);
        int nx = BitConverter.ToInt32(header, 0), ny = BitConverter.ToInt32(header, 4), nz = BitConverter.ToInt32(header, 8);
        Assert.Equal(golden.FrameCount ?? (golden.IsSparse ? nz : expected.Shape[0]), nz);
        int frameLengthBytes = 4 * nx * ny;
        Assert.Equal(1024 + ((long)nz * frameLengthBytes), mounted.Length);
        byte[] bytes = new byte[frameLengthBytes];
        for (int frame = 0; frame < nz; frame++)
        {
            AssertRead(mounted, extracted, bytes, $"{golden.VirtualName} frame {frame}");
            if (frame >= (golden.KnownFrames ?? nz))
            {
                continue;
            }

            float[] samples = golden.IsSparse
                ? SparseSamples.FrameOf(expected, frame, nx, ny)
                : MemoryMarshal.Cast<byte, float>(expected.Data.AsSpan(frame * frameLengthBytes, frameLengthBytes)).ToArray();
            SparseSamples.AssertSame(samples, MemoryMarshal.Cast<byte, float>(bytes).ToArray(), $"{golden.VirtualName} frame {frame}");
        }
    }

    private static void AssertRead(FileStream mounted, FileStream extracted, byte[] bytes, string what)
    {
        mounted.ReadExactly(bytes);
        byte[] others = new byte[bytes.Length];
        extracted.ReadExactly(others);
        Assert.True(bytes.AsSpan().SequenceEqual(others), $"{what}: extracted otherwise");
    }

    /// <summary>A file under its name in the mount, and what RELION reads from it.</summary>
    private sealed record Case(string VirtualName, string ExpectedFile, bool IsSparse, int? KnownFrames, int? FrameCount);
}
