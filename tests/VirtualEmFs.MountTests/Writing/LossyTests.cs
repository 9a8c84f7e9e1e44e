using System.Runtime.InteropServices;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>Archiving changes nothing of a file but its samples, by half a step at most, and the time of the change.</summary>
public sealed class LossyTests
{
    private const int Nx = 96, Ny = 80, Bits = 8, ExtendedHeaderBytes = 256;
    private const long MtimeNs = 1_234_567_890_123_456_789;

    [Theory]
    [InlineData("micrograph.mrc", 1)]
    [InlineData("stack.mrcs", 5)]
    [InlineData("TS.rec", 4)]
    public void Archive_OfFloatSamples_KeepsAllButHalfAStep(string name, int sectionCount)
    {
        using var rules = new TemporaryFolder();
        string rulesFile = rules.PathOf("rules.json");
        File.WriteAllText(rulesFile, $$"""{ "rules": [ { "glob": "**", "bits": {{Bits}}, "maxStepSigma": 100 } ] }""");
        using var source = new WrittenSource("--write-delay", "0s", "--rules", rulesFile);
        string path = source.Mount.PathOf(name);
        byte[] header = [.. FileContents.Header(Nx, Ny, sectionCount, mode: 2, ExtendedHeaderBytes), .. FileContents.WholeNumbers(3, ExtendedHeaderBytes)];
        float[] samples = Gaussian(Nx * Ny * sectionCount);
        Statx before;
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, header, 0);
            RandomAccess.Write(file, MemoryMarshal.AsBytes<float>(samples), header.Length);
            Assert.Equal(0, LinuxAttributes.SetPermissions(file, 0x1A0));
            Assert.Equal(0, LinuxAttributes.SetTimes(file, null, MtimeNs));
            Assert.Equal(0, LinuxFile.Stat(file, out before));
        }

        Assert.Equal(0, LinuxAttributes.SetExtendedAttribute(path, "user.of_test", "kept"u8, 0));
        source.Flush();
        AssertSame(before, path, header, samples);
        Assert.True(File.Exists(Path.Combine(source.SourcePath, name + ".hdf")));
        source.Remount();
        AssertSame(before, source.Mount.PathOf(name), header, samples);

        // Written again without a change, it stays what it is.
        path = source.Mount.PathOf(name);
        byte[] archived = File.ReadAllBytes(path);
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, archived, 0);
        }

        source.Flush();
        Assert.Equal(archived, File.ReadAllBytes(path));
    }

    private static void AssertSame(in Statx before, string path, byte[] header, float[] samples)
    {
        Assert.Equal(0, LinuxFile.Stat(path, followLinks: false, out var after));
        Assert.Equal(
            (before.stx_size, before.stx_mtime.Nanoseconds, before.stx_ino, before.stx_mode, before.stx_uid, before.stx_gid, before.stx_nlink),
            (after.stx_size, after.stx_mtime.Nanoseconds, after.stx_ino, after.stx_mode, after.stx_uid, after.stx_gid, after.stx_nlink));
        Assert.Equal(MtimeNs, after.stx_mtime.Nanoseconds);
        Assert.True(after.stx_ctime.Nanoseconds > before.stx_ctime.Nanoseconds);
        Assert.Equal(0, LinuxTree.GetExtendedAttribute(path, "user.of_test", out byte[] value));
        Assert.Equal("kept"u8, value);

        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(header, bytes[..header.Length]);
        var archived = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(header.Length));
        Assert.Equal(samples.Length, archived.Length);
        bool isStack = MrcNames.HintOf(path) != MrcNameHint.Volume;
        int frameSamples = isStack ? Nx * Ny : samples.Length;
        int changedCount = 0;
        for (int first = 0; first < samples.Length; first += frameSamples)
        {
            var frame = samples.AsSpan(first, frameSamples);
            float minimum = float.PositiveInfinity, maximum = float.NegativeInfinity;
            foreach (float sample in frame)
            {
                (minimum, maximum) = (Math.Min(minimum, sample), Math.Max(maximum, sample));
            }

            // Zero has a bin of its own, which takes one from the range. The arithmetic is that of float32: a unit in the last place of its largest term.
            float largest = Math.Max(Math.Abs(minimum), Math.Abs(maximum));
            double limit = (0.5 * (maximum - minimum) / ((1 << Bits) - 2)) + (MathF.BitIncrement(largest) - largest);
            for (int i = 0; i < frame.Length; i++)
            {
                Assert.InRange(Math.Abs((double)archived[first + i] - frame[i]), 0, limit);
                changedCount += archived[first + i] == frame[i] ? 0 : 1;
            }
        }

        Assert.True(changedCount > samples.Length / 2, "nothing was truncated");
    }

    private static float[] Gaussian(int count)
    {
        var random = new Random(7);
        var samples = new float[count];
        for (int i = 0; i < count; i++)
        {
            samples[i] = (float)(40 + (12 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        return samples;
    }
}
