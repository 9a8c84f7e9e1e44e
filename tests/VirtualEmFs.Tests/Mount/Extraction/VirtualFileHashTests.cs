using System.Security.Cryptography;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Extraction;
using VirtualEmFs.Tests.Vfs.Reading;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Extraction;

public sealed class VirtualFileHashTests
{
    /// <summary>Slabs of several frames come out of file order: rows of later frames wait.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 5)]
    [InlineData(3, 4, 7)]
    [InlineData(4, 16, 16)]
    public void Compute_OfAnyBlockGrid_IsThatOfTheFile(int slabFrames, int firstRows, int rows)
    {
        var shape = new FrameShape(23, 16, 6);
        var archive = new FakeArchive(FakeArchive.Describe(shape, new BlockGrid(shape, slabFrames, firstRows, rows)));
        VirtualMrc mrc = VirtualMrc.Create(archive.Description);
        using var slots = new DecodeSlots(1);

        string hash = VirtualFileHash.Compute(archive, mrc, new WorkerBuffer(), slots, TestContext.Current.CancellationToken);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. mrc.Header.Span, .. FakeArchive.Payload(archive.Description)])), hash);
    }
}
