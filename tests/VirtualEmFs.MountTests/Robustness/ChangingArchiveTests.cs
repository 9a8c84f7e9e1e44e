using Xunit;

namespace VirtualEmFs.MountTests.Robustness;

/// <summary>Archives that change while a program has them open: it sees the old bytes or an error, a new open the new ones.</summary>
/// <remarks>Two archives of one shape, uncompressed, so that they have one length; both get one modification time.</remarks>
public sealed class ChangingArchiveTests : IDisposable
{
    private const int HeaderLengthBytes = 1024, FrameLengthBytes = 4 * 512 * 512, FrameCount = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly MountedProcess _mount;
    private readonly byte[] _first;
    private readonly byte[] _second;

    public ChangingArchiveTests()
    {
        Directory.CreateDirectory(Source);
        Programs.Check(Programs.Python, "-c", """
            import os, sys, h5py, numpy
            for name, seed in (('first', 1), ('second', 2)):
                path = f'{sys.argv[1]}/{name}.hdf'
                with h5py.File(path, 'w', libver='earliest') as file:
                    images = file.create_group('/MDF/images')
                    images.attrs.create('imageid_max', numpy.array([15], numpy.int32))
                    for image in range(16):
                        images[f'{image}/image'] = numpy.random.default_rng([seed, image]).standard_normal((512, 512)).astype('<f4')
                os.utime(path, (1700000000, 1700000000))
            """, _folder.Path);
        Assert.Equal(new FileInfo(_folder.PathOf("first.hdf")).Length, new FileInfo(_folder.PathOf("second.hdf")).Length);
        // A cache of one block and no kernel cache to speak of: what is read after the change comes from the source.
        File.Copy(_folder.PathOf("first.hdf"), Archive);
        File.SetLastWriteTimeUtc(Archive, File.GetLastWriteTimeUtc(_folder.PathOf("first.hdf")));
        _first = Extract("first");
        _second = Extract("second");
        _mount = MountedProcess.Start(Source, "--cache-size", "256KiB", "--strict-statistics");
    }

    private string Source => _folder.PathOf("source");

    private string Archive => _folder.PathOf("source", "stack.hdf");

    private string Virtual => Path.Combine(_mount.MountPoint, "stack.mrcs");

    [Fact]
    public void Read_WhileReplacedByRename_GivesOneVersion()
    {
        File.Move(_folder.PathOf("second.hdf"), _folder.PathOf("source", "next"));
        AssertOneVersion(() => File.Move(_folder.PathOf("source", "next"), Archive, overwrite: true));
        AssertPayload(_second, File.ReadAllBytes(Virtual));
    }

    [Fact]
    public void Read_WhileReplacedInPlaceWithSameSizeAndTime_GivesOneVersion()
    {
        AssertOneVersion(() =>
        {
            byte[] next = File.ReadAllBytes(_folder.PathOf("second.hdf"));
            using (FileStream file = File.OpenWrite(Archive))
            {
                file.Write(next);
            }

            File.SetLastWriteTimeUtc(Archive, File.GetLastWriteTimeUtc(_folder.PathOf("second.hdf")));
        });
        AssertPayload(_second, File.ReadAllBytes(Virtual));
    }

    [Fact]
    public void Read_WhileTruncated_GivesOldBytesOrAnError()
    {
        AssertOneVersion(() =>
        {
            using FileStream file = File.OpenWrite(Archive);
            file.SetLength(file.Length / 2);
        });
        Assert.ThrowsAny<IOException>(() => File.ReadAllBytes(Virtual));
    }

    [Fact]
    public void Read_WhileDeleted_GivesOldBytesOrAnError()
    {
        AssertOneVersion(() => File.Delete(Archive));
        Assert.ThrowsAny<IOException>(() => File.ReadAllBytes(Virtual));
    }

    /// <summary>Whoever opens at any moment of many replacements reads one version from end to end.</summary>
    [Fact]
    public async Task Open_DuringManyReplacements_NeverMixesVersions()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task<int>[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            int whole = 0;
            while (whole == 0 || !stop.IsCancellationRequested)
            {
                try
                {
                    byte[] bytes = File.ReadAllBytes(Virtual);
                    AssertPayload(bytes[HeaderLengthBytes] == _first[HeaderLengthBytes] ? _first : _second, bytes);
                    whole++;
                }
                catch (IOException e) when (e.Message.Contains("Stale file handle", StringComparison.Ordinal))
                {
                    // An honest answer: the version that was opened is gone.
                }
            }

            return whole;
        }))];
        for (int i = 0; i < 20; i++)
        {
            string version = _folder.PathOf(i % 2 == 0 ? "second.hdf" : "first.hdf"), next = _folder.PathOf("source", "next");
            File.Copy(version, next);
            File.SetLastWriteTimeUtc(next, File.GetLastWriteTimeUtc(version));
            File.Move(next, Archive, overwrite: true);
            // The replacement counts only once some reader has met it.
            AssertPayload(i % 2 == 0 ? _second : _first, File.ReadAllBytes(Virtual));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), whole => Assert.True(whole > 0));
    }

    public void Dispose()
    {
        _mount.Dispose();
        _folder.Dispose();
    }

    /// <summary>Reads half of the file, changes it, and reads the rest through the handle that was open all the while.</summary>
    private void AssertOneVersion(Action change)
    {
        using var file = File.OpenHandle(Virtual);
        byte[] frame = new byte[FrameLengthBytes];
        for (int image = 0; image < FrameCount; image++)
        {
            if (image == FrameCount / 2)
            {
                change();
            }

            long fileOffset = HeaderLengthBytes + (image * (long)FrameLengthBytes);
            int filled = 0;
            try
            {
                // The kernel ends a read before the first page that fails; the next read then fails.
                while (filled < frame.Length)
                {
                    int count = RandomAccess.Read(file, frame.AsSpan(filled), fileOffset + filled);
                    Assert.True(count > 0, $"image {image} ends after {filled} bytes");
                    filled += count;
                }
            }
            catch (IOException e) when (image >= FrameCount / 2)
            {
                Assert.Matches("Stale file handle|Input/output error", e.Message);
            }

            Assert.True(
                frame.AsSpan(0, filled).SequenceEqual(_first.AsSpan((int)fileOffset, filled)), $"image {image} is not of the version that was opened");
        }
    }

    /// <summary>Headers name the archive, which the copies here are not.</summary>
    private static void AssertPayload(byte[] expected, byte[] actual) => Assert.True(
        expected.AsSpan(HeaderLengthBytes).SequenceEqual(actual.AsSpan(HeaderLengthBytes)), "the samples are not of one version");

    private byte[] Extract(string name)
    {
        string path = _folder.PathOf(name + ".mrcs");
        Programs.Check(Programs.Emfs, "extract", _folder.PathOf(name + ".hdf"), "-o", path);
        return File.ReadAllBytes(path);
    }
}
