using System.Runtime.InteropServices;

namespace VirtualEmFs.Tests.Archives.Hdf5.Eman2;

/// <summary>The archives of <c>tests/python/eman2_variants.py</c>, written once for all tests of a class.</summary>
public sealed class Eman2Variants : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public Eman2Variants() =>
        Python.RunProgram("/usr/bin/python3", Path.Combine(GoldenData.RepositoryRoot, "tests", "python", "eman2_variants.py"), _folder.Path);

    public string[] Paths => [.. Directory.GetFiles(_folder.Path, "*.hdf").Order()];

    public string PathOf(string name) => _folder.PathOf($"{name}.hdf");

    /// <summary>Values of all frames as h5py sees them; null for archives that cannot be read.</summary>
    public float[]? ExpectedOf(string name)
    {
        string expected = _folder.PathOf($"{name}.f4");
        return File.Exists(expected) ? MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(expected)).ToArray() : null;
    }

    public void Dispose() => _folder.Dispose();
}
