using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>Public density maps that EMAN2 compressed, as programs see them in the mount.</summary>
[Collection(typeof(GoldenCollection))]
public sealed class RealMapMountTests(GoldenMount mount)
{
    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(GoldenData.PathOf("real"), "*.hdf").Select(path => Path.GetFileNameWithoutExtension(path))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_OfADensityMap_GivesWhatEman2Reads(string name)
    {
        var expected = new MrcBytes(File.ReadAllBytes(GoldenData.PathOf("real", name + ".expected.mrc")));
        var actual = new MrcBytes(File.ReadAllBytes(Path.Combine(mount.Refusing, "real", name + ".mrc")));
        Assert.Equal(expected.Shape, actual.Shape);
        MrcBytes.AssertSame(expected.Samples, actual.Samples, 2e-7f * Largest(expected.Samples), name);
    }

    private static float Largest(ReadOnlySpan<float> samples)
    {
        float largest = 0;
        foreach (float sample in samples)
        {
            largest = MathF.Max(largest, MathF.Abs(sample));
        }

        return largest;
    }
}
