using System.Text;
using Xunit;

namespace VirtualEmFs.MountTests.Commands;

/// <summary><c>emfs verify</c> on archives in which one bit has flipped that no checksum of HDF5's covers.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();
    private readonly string _archive;

    public VerifyCommandTests()
    {
        _archive = _folder.PathOf("noise.hdf");
        Programs.Check(Programs.Python, "-c", """
            import mrcfile, numpy as np, sys
            mrcfile.write(sys.argv[1], np.random.default_rng(1).standard_normal((3, 40, 50)).astype('f4'))
            with mrcfile.open(sys.argv[1], 'r+') as file:
                file.add_label('made by a test')
                file.set_image_stack()
            """, _folder.PathOf("noise.mrcs"));
        Programs.Check(Programs.Emfs, "compress", "--bits", "5", _folder.PathOf("noise.mrcs"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("EMAN.stored_renderbits", 5, 0)] // the name
    [InlineData("EMAN.stored_rendermax", 72 + 2, 7)] // name, type and shape take 72 bytes: the exponent
    [InlineData("EMAN.stored_rendermin", 72, 0)] // the last bit of the mantissa
    public void Verify_AFlippedBitOfTheLimits_IsFound(string attribute, int distance, int bit)
    {
        Assert.Equal($"{_archive}: ok\n", Programs.Check(Programs.Emfs, "verify", _archive));
        byte[] bytes = File.ReadAllBytes(_archive);
        bytes[bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(attribute)) + distance] ^= (byte)(1 << bit);
        File.WriteAllBytes(_archive, bytes);
        AssertFault("image 0: its type or limits (rendermin, rendermax, renderbits) are not those that were stored: their checksum differs");
    }

    [Fact]
    public void Verify_AFlippedBitOfThePreservedHeader_IsFound()
    {
        byte[] bytes = File.ReadAllBytes(_archive);
        bytes[bytes.AsSpan().LastIndexOf("made by a test"u8)] ^= 1;
        File.WriteAllBytes(_archive, bytes);
        AssertFault("its preserved MRC header is not the one that was stored: its checksum differs");
    }

    /// <summary>What an older version left out is not missed.</summary>
    [Fact]
    public void Verify_AnArchiveWithoutTheseChecksums_IsOk()
    {
        Programs.Check(Programs.Python, "-c", """
            import h5py, sys
            with h5py.File(sys.argv[1], 'r+') as file:
                del file['VirtualEmFs/limits_crc32c'], file['VirtualEmFs'].attrs['mrc_header_crc32c']
            """, _archive);
        Assert.Equal($"{_archive}: ok\n", Programs.Check(Programs.Emfs, "verify", _archive));
    }

    private void AssertFault(string fault)
    {
        ProgramResult result = Programs.Run(s_deadline, Programs.Emfs, ["verify", _archive]);
        Assert.Equal((1, $"{_archive}: {fault}\n"), (result.ExitCode, result.Error));
    }
}
