using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Staging;

/// <summary>An archive shows a raw file's bytes, or it does not.</summary>
public sealed class RawComparisonTests : IDisposable
{
    private const int Nx = 300, Ny = 200, Sections = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly MrcArchiver _archiver = new(new ArchiveFormats(), new MrcArchiverOptions());
    private readonly string _archive, _raw;
    private readonly byte[] _shown;

    public RawComparisonTests()
    {
        (_archive, _raw) = (_folder.PathOf("a.mrcs.hdf"), _folder.PathOf("raw"));
        MrcFile.Write(_raw, Nx, Ny, Sections, Samples.Noise(Nx * Ny * Sections, 1));
        _archiver.Archive(new ArchiveTask(_raw, _archive, "a.mrcs", null, 77), Cancellation);
        var restored = new RawFile();
        _archiver.Restore(new ArchiveFormats().Probe(_archive).Description!, MrcView.Natural, restored, _ => { }, Cancellation);
        _shown = restored.Bytes;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WhatReadsShow_IsTheSame_AndWhatWasArchivedIsNot()
    {
        Assert.False(_archiver.ShowsSame(_archive, _raw, Cancellation)); // its samples were rounded
        File.WriteAllBytes(_raw, _shown);
        Assert.True(_archiver.ShowsSame(_archive, _raw, Cancellation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1024 + (Nx * Ny * 4 * 2) + 5)]
    [InlineData(1024 + (Nx * Ny * 4 * Sections) - 1)]
    public void OneOtherByte_IsFound(int offset)
    {
        _shown[offset] ^= 1;
        File.WriteAllBytes(_raw, _shown);
        Assert.False(_archiver.ShowsSame(_archive, _raw, Cancellation));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void OtherLength_IsFound(int difference)
    {
        byte[] bytes = _shown;
        Array.Resize(ref bytes, bytes.Length + difference);
        File.WriteAllBytes(_raw, bytes);
        Assert.False(_archiver.ShowsSame(_archive, _raw, Cancellation));
    }

    [Fact]
    public void ArchiveThatCannotBeRead_ShowsNothing()
    {
        File.WriteAllBytes(_raw, _shown);
        byte[] archive = File.ReadAllBytes(_archive);
        archive.AsSpan(archive.Length / 2, 64).Fill(0xFF);
        File.WriteAllBytes(_archive, archive);
        Assert.False(_archiver.ShowsSame(_archive, _raw, Cancellation));
        File.WriteAllText(_archive, "no archive");
        Assert.False(_archiver.ShowsSame(_archive, _raw, Cancellation));
        File.Delete(_archive);
        Assert.False(_archiver.ShowsSame(_archive, _raw, Cancellation));
    }

    [Fact]
    public void Cancelled_Ends()
    {
        File.WriteAllBytes(_raw, _shown);
        Assert.Throws<OperationCanceledException>(() => _archiver.ShowsSame(_archive, _raw, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void RawFileThatIsGone_IsAnError()
    {
        File.Delete(_raw);
        Assert.ThrowsAny<ArchiveException>(() => _archiver.ShowsSame(_archive, _raw, Cancellation));
    }
}
