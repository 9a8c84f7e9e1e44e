using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>What EMAN2 reads from its archives is what every program reads through the mount.</summary>
[Collection(typeof(GoldenCollection))]
public sealed class Eman2MountTests(GoldenMount mount)
{
    /// <summary>EMAN2 lost the only image of this one when it wrote it.</summary>
    private const string Empty = "ny5_write_fails_5bit";

    /// <summary>EMAN2 refuses float64; every other program reads it, and so does the mount.</summary>
    private const string Float64 = "foreign_raw_f8";

    /// <summary>Stacks of which EMAN2 reads some images and not others.</summary>
    private static readonly string[] s_damaged = ["stack_missing_groups_5bit", "stack_erased_5bit"];

    public static TheoryData<string> Sound => [.. Eman2Case.All.Select(each => each.Name).Except([Empty, Float64, .. s_damaged])];

    public static TheoryData<string> Damaged => [.. s_damaged];

    /// <summary>One wrong bit in one sample of one archive fails this, as does a file of another size.</summary>
    [Theory]
    [MemberData(nameof(Sound))]
    public void Read_OfAnArchive_GivesWhatEman2Reads(string name)
    {
        Eman2Case golden = Eman2Case.Named(name);
        foreach ((int? image, string? expectedPath) in golden.Expected)
        {
            var expected = new MrcBytes(File.ReadAllBytes(expectedPath!));
            var actual = new MrcBytes(File.ReadAllBytes(PathOf(mount.Refusing, name, image)));
            Assert.Equal(expected.Shape, actual.Shape);
            if (golden.IsUndefined)
            {
                Assert.False(actual.Samples.ContainsAnyExceptInRange(float.MinValue, float.MaxValue), "a sample is not finite");
                continue;
            }

            for (int z = 0; z < expected.Nz; z++)
            {
                // Images of a stack have limits each, sections of a volume share them.
                float tolerance = golden.ZeroToleranceOf(image ?? (golden.IsStack ? z : 0));
                MrcBytes.AssertSame(expected.Section(z), actual.Section(z), tolerance, $"{name}, image {image}, section {z}");
            }
        }
    }

    /// <summary>A program must never go on with a stack that has a hole in it: it would take the pixels of another image.</summary>
    [Theory]
    [MemberData(nameof(Damaged))]
    public void Open_OfAStackWithMissingImages_IsRefused(string name)
    {
        string path = Path.Combine(mount.Refusing, "eman2", name + ".mrcs");
        Assert.True(new FileInfo(path).Length > 0);
        var error = Assert.ThrowsAny<IOException>(() => File.OpenHandle(path));
        Assert.Contains("Input/output error", error.Message, StringComparison.Ordinal);
    }

    /// <summary>With <c>--damaged serve</c> every image that EMAN2 reads is exact, and every other is an error and never zeros.</summary>
    [Theory]
    [MemberData(nameof(Damaged))]
    public void Read_OfAStackWithMissingImagesThatIsServed_GivesTheOthers(string name)
    {
        Eman2Case golden = Eman2Case.Named(name);
        using var file = File.OpenHandle(Path.Combine(mount.Serving, "eman2", name + ".mrcs"));
        byte[] header = ReadAt(file, 0, 1024);
        (int nx, int ny, int nz) = (BitConverter.ToInt32(header, 0), BitConverter.ToInt32(header, 4), BitConverter.ToInt32(header, 8));
        Assert.Equal(golden.Expected.Count, nz);
        int frameLengthBytes = 4 * nx * ny;
        Assert.Equal(1024 + (nz * (long)frameLengthBytes), RandomAccess.GetLength(file));
        foreach ((int? image, string? expectedPath) in golden.Expected)
        {
            long frameOffset = 1024 + (image!.Value * (long)frameLengthBytes);
            if (expectedPath is null)
            {
                Assert.ThrowsAny<IOException>(() => ReadAt(file, frameOffset, frameLengthBytes));
                Assert.ThrowsAny<IOException>(() => ReadAt(file, frameOffset + frameLengthBytes - 1, 1));
                continue;
            }

            byte[] samples = ReadAt(file, frameOffset, frameLengthBytes);
            MrcBytes.AssertSame(
                new MrcBytes(File.ReadAllBytes(expectedPath)).Samples, MemoryMarshal.Cast<byte, float>(samples),
                golden.ZeroToleranceOf(image.Value), $"{name}, image {image}");
        }
    }

    /// <summary>An archive that holds no image shows its own bytes: nothing disappears.</summary>
    [Fact]
    public void Read_OfAnArchiveWithoutImages_GivesItsOwnBytes()
    {
        string folder = Path.Combine(mount.Refusing, "eman2");
        Assert.Contains(Empty + ".hdf", Directory.GetFiles(folder).Select(Path.GetFileName));
        Assert.Equal(File.ReadAllBytes(Eman2Case.Named(Empty).ArchivePath), File.ReadAllBytes(Path.Combine(folder, Empty + ".hdf")));
    }

    [Fact]
    public void Read_OfFloat64_GivesTheNearestFloat32()
    {
        var input = new MrcBytes(File.ReadAllBytes(GoldenData.PathOf("eman2", Float64, "input.mrc")));
        var actual = new MrcBytes(File.ReadAllBytes(PathOf(mount.Refusing, Float64, 0)));
        MrcBytes.AssertSame(input.Samples, actual.Samples, -1, Float64);
    }

    /// <summary>Every archive's own name still leads to the archive's own bytes, listed or not.</summary>
    [Theory]
    [MemberData(nameof(Sound))]
    public void Read_UnderTheArchivesOwnName_GivesItsOwnBytes(string name) =>
        Assert.Equal(
            File.ReadAllBytes(Eman2Case.Named(name).ArchivePath), File.ReadAllBytes(Path.Combine(mount.Refusing, "eman2", name + ".hdf")));

    private static string PathOf(string mountPoint, string name, int? image)
    {
        string folder = Path.Combine(mountPoint, "eman2");
        string members = Path.Combine(folder, name);
        // An archive is listed once, though it opens under .mrc and .mrcs both.
        return Directory.Exists(members) ? Path.Combine(members, $"{image:D6}.mrc") : Directory.GetFiles(folder, name + ".*").Single();
    }

    /// <summary>Exactly so many bytes, in reads that may be short, or the first error.</summary>
    private static byte[] ReadAt(SafeFileHandle file, long fileOffset, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        for (int filled = 0; filled < lengthBytes;)
        {
            int count = RandomAccess.Read(file, bytes.AsSpan(filled), fileOffset + filled);
            filled += count > 0 ? count : throw new EndOfStreamException($"the file ends at {fileOffset + filled}");
        }

        return bytes;
    }
}
