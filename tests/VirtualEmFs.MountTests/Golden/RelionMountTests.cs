using System.Runtime.InteropServices;
using System.Text.Json;
using VirtualEmFs.Tests.Archives;
using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>TIFF and EER movies through a real mount and through <c>emfs extract</c>: every sample as RELION reads it.</summary>
public sealed class RelionMountTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<(string VirtualName, JsonElement Expected)> _cases = [];
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
            string file = golden.GetProperty(golden.TryGetProperty("tiff", out _) ? "tiff" : "input").GetProperty("file").GetString()!;
            Add(file, golden.GetProperty("expected"));
        }

        AssertMountAndExtractionAreExact();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mount_OfEers_ReadsAsRelionDrawsThem(int upsampling)
    {
        foreach (JsonElement golden in GoldenData.Cases("relion").Where(each => each.GetProperty("category").GetString() == "eer"))
        {
            JsonElement expected = golden.GetProperty("expected").EnumerateArray().FirstOrDefault(each => each.TryGetProperty("frames", out _)
                && each.GetProperty("upsampling").GetInt32() == upsampling && each.GetProperty("grouping").GetInt32() == 2);
            if (expected.ValueKind != JsonValueKind.Undefined)
            {
                Add(golden.GetProperty("input").GetProperty("file").GetString()!, expected);
            }
        }

        AssertMountAndExtractionAreExact("--eer-grouping", "2", "--eer-upsampling", $"{upsampling}");
    }

    /// <summary>An EER gain reference divides: whoever multiplies by it gets pictures that look right and are wrong.</summary>
    [Fact]
    public void Gain_OfAnEer_IsToldByHeaderAttributeAndInfo()
    {
        Add("eer/f4i_65002_2k/f4i_65002_2k.eer", default);
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
        Assert.Contains("--eer-grouping is a number from 1 to 65535", result.Error, StringComparison.Ordinal);
    }

    private void Add(string file, JsonElement expected)
    {
        string path = GoldenData.PathOf("relion", file);
        if (File.Exists(path))
        {
            // Numbered: cases of different options share their files' names.
            string name = $"{_cases.Count:000}_{Path.GetFileName(path)}";
            File.Copy(path, Path.Combine(_source, name));
            _cases.Add((Path.GetFileNameWithoutExtension(name), expected));
        }
    }

    private void AssertMountAndExtractionAreExact(params string[] options)
    {
        Assert.NotEmpty(_cases);
        using var mount = MountedProcess.Start(_source, options);
        string extracted = _folder.PathOf("extracted/");
        Programs.Check(Programs.Emfs, ["extract", .. options, "-o", extracted, .. Directory.GetFiles(_source)]);
        foreach ((string name, JsonElement part) in _cases)
        {
            string virtualFile = Assert.Single(Directory.GetFiles(mount.MountPoint, name + ".mrc*"));
            AssertSame(name, part, virtualFile, Path.Combine(extracted, Path.GetFileName(virtualFile)));
        }
    }

    // Frame by frame: a movie of 8192 x 8192 is longer than an array can be.
    private static void AssertSame(string name, JsonElement part, string virtualFile, string extractedFile)
    {
        var expected = NumpyArray.Read(GoldenData.PathOf("relion", part.GetProperty("file").GetString()!));
        bool isSparse = part.TryGetProperty("frames", out _) || part.TryGetProperty("full_shape", out _);
        using FileStream mounted = File.OpenRead(virtualFile);
        using FileStream extracted = File.OpenRead(extractedFile);
        Assert.Equal(mounted.Length, extracted.Length);
        byte[] header = new byte[1024];
        AssertRead(mounted, extracted, header, name);
        int nx = BitConverter.ToInt32(header, 0), ny = BitConverter.ToInt32(header, 4), nz = BitConverter.ToInt32(header, 8);
        int frameLengthBytes = 4 * nx * ny;
        Assert.Equal(1024 + ((long)nz * frameLengthBytes), mounted.Length);
        byte[] bytes = new byte[frameLengthBytes];
        for (int frame = 0; frame < nz; frame++)
        {
            AssertRead(mounted, extracted, bytes, $"{name} frame {frame}");
            float[] samples = isSparse
                ? SparseSamples.FrameOf(expected, frame, nx, ny)
                : MemoryMarshal.Cast<byte, float>(expected.Data.AsSpan(frame * frameLengthBytes, frameLengthBytes)).ToArray();
            SparseSamples.AssertSame(samples, MemoryMarshal.Cast<byte, float>(bytes).ToArray(), $"{name} frame {frame}");
        }
    }

    private static void AssertRead(FileStream mounted, FileStream extracted, byte[] bytes, string what)
    {
        mounted.ReadExactly(bytes);
        byte[] others = new byte[bytes.Length];
        extracted.ReadExactly(others);
        Assert.True(bytes.AsSpan().SequenceEqual(others), $"{what}: extracted otherwise");
    }
}
