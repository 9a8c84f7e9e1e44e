using System.Text;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Truncation;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>
/// Archives that are no longer what was written. Making new ones of them, with new checksums, would leave nobody a trace of the damage.
/// </summary>
public sealed class AlteredArchiveTests : IDisposable
{
    private const int Nx = 40, Ny = 30, FrameLength = Nx * Ny;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Damages => new()
    {
        { "name of the bits", "image 0 is not what emfs wrote there, since its type or limits differ: it is damaged, or another program changed it; extract it" },
        { "limit", "image 0 is not what emfs wrote there, since its type or limits differ" },
        { "sample", "image 0 is not what emfs wrote there, since its samples differ" },
        { "header", "its preserved MRC header is not what emfs wrote there" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Compress_OfADamagedArchive_IsRefused(string damage, string reason)
    {
        string archive = Archive(), output = _folder.PathOf("again.hdf");
        AlteredArchive.Damage(archive, damage);
        ArchiveException failure = Assert.Throws<ArchiveException>(() => Compress(archive, output));
        Assert.StartsWith($"{archive}: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal([archive, _folder.PathOf("a.mrcs")], Directory.GetFiles(_folder.Path).Order());
    }

    /// <summary>A volume's chunks are written before all of them are seen.</summary>
    [Fact]
    public void Compress_OfADamagedVolume_IsRefused()
    {
        string archive = Archive(spaceGroup: 1), output = _folder.PathOf("again.hdf");
        AlteredArchive.Damage(archive, "sample");
        Assert.Contains("its samples differ", Assert.Throws<ArchiveException>(() => Compress(archive, output)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public void Compress_OfAnArchiveThatEman2Changed_IsRefused()
    {
        string archive = Archive();
        AlteredArchive.Replace(archive, 2, "8 bits");
        ArchiveException failure = Assert.Throws<ArchiveException>(() => Compress(archive, _folder.PathOf("again.hdf")));
        Assert.Contains("image 2 is not what emfs wrote there", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>What comes out of a damaged archive through a mount does not go back as if nothing were wrong: it stays raw, and the archive stays.</summary>
    [Theory]
    [MemberData(nameof(Damages))]
    public void Archive_OfWhatADamagedArchiveShows_IsRefused(string damage, string reason)
    {
        string archive = Archive();
        AlteredArchive.Damage(archive, damage);
        byte[] before = File.ReadAllBytes(archive), shown = AlteredArchive.Shown(archive);
        if (damage != "header")
        {
            shown[230]++;
        }

        File.WriteAllBytes(_folder.PathOf("raw"), shown);
        ArchiveException failure = Assert.Throws<ArchiveException>(() => ArchiveRaw(archive));
        Assert.StartsWith($"{archive}: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(archive));
        Assert.Equal(shown, File.ReadAllBytes(_folder.PathOf("raw")));
        Assert.False(File.Exists(_folder.PathOf("new.hdf")));
    }

    /// <summary>Writing the whole file once more is the way out; wrong limits then count for nothing.</summary>
    [Theory]
    [MemberData(nameof(Damages))]
    public void Archive_OfOtherSamples_GoesOn(string damage, string reason)
    {
        string archive = Archive();
        AlteredArchive.Damage(archive, damage);
        Assert.NotEmpty(reason);
        MrcFile.Write(_folder.PathOf("raw"), Nx, Ny, 3, Samples.Noise(3 * FrameLength, 4, 0, 0.9));
        byte[] raw = File.ReadAllBytes(_folder.PathOf("raw"));
        raw[230]++;
        File.WriteAllBytes(_folder.PathOf("raw"), raw);
        ArchiveRaw(archive);
        Rescale limits = new ArchiveFormats().Probe(_folder.PathOf("new.hdf")).Description!.Rescale;
        Assert.Equal(8, limits.Bits);
        Assert.InRange(limits.Maximum, 2.5f, 5);
    }

    /// <summary>Archives of older versions have no checksums of limits and header: they go on, and get them.</summary>
    [Fact]
    public void Compress_OfAnOlderArchive_GivesWhatItGaveBefore()
    {
        string archive = Archive(), older = _folder.PathOf("older.hdf"), output = _folder.PathOf("again.hdf");
        File.Copy(archive, older);
        AlteredArchive.MakeOlder(older);
        Assert.Equal(AlteredArchive.Shown(archive), AlteredArchive.Shown(older));
        Compress(older, output);
        Assert.Equal(AlteredArchive.Shown(archive), AlteredArchive.Shown(output));
        Assert.Equal("True True", Python.Run("""
            import h5py, sys, numpy as np
            a, b = (h5py.File(path)['VirtualEmFs'] for path in sys.argv[1:])
            print(*(np.array_equal(*pair) for pair in ((a['limits_crc32c'], b['limits_crc32c']), (a.attrs['mrc_header_crc32c'], b.attrs['mrc_header_crc32c']))))
            """, archive, output));
    }

    /// <summary>The limits' checksum as another program computes it from what the archive says.</summary>
    [Fact]
    public void LimitsChecksum_IsThatOfTypeAndLimits()
    {
        Assert.Equal("", Python.Run("""
            import h5py, struct, sys
            def crc32c(data):
                register = 0xFFFFFFFF
                for byte in data:
                    register ^= byte
                    for _ in range(8):
                        register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
                return register ^ 0xFFFFFFFF
            with h5py.File(sys.argv[1]) as file:
                images, own = file['MDF/images'], file['VirtualEmFs']
                for i, recorded in enumerate(own['limits_crc32c']):
                    low, high, bits = (images[str(i)].attrs['EMAN.stored_render' + name][0] for name in ('min', 'max', 'bits'))
                    if recorded != crc32c(struct.pack('<4sffi', images[str(i)]['image'].dtype.str[1:].encode(), low, high, bits)): print(i)
                header = struct.pack('<i', own.attrs['mrc_mode'][0]) + own['mrc_header'][()].tobytes()
                if own.attrs['mrc_header_crc32c'][0] != crc32c(header): print('header')
            """, Archive()));
    }

    /// <summary>The number of messages in a group's header has no checksum: it must not take attributes away.</summary>
    [Fact]
    public void Read_WithAFlippedNumberOfMessages_IsTheSame()
    {
        string archive = Archive();
        byte[] shown = AlteredArchive.Shown(archive);
        Assert.Equal("", Python.Run("""
            import h5py, sys
            with h5py.File(sys.argv[1]) as file:
                address = h5py.h5o.get_info(file['MDF/images/1'].id).addr
            with open(sys.argv[1], 'r+b') as file:
                file.seek(address + 2)
                count = file.read(1)[0]
                assert 16 < count < 24, count
                file.seek(address + 2)
                file.write(bytes([count ^ 16]))
            """, archive));
        Assert.Equal(shown, AlteredArchive.Shown(archive));
    }

    private string Archive(int spaceGroup = 0)
    {
        string input = MrcFile.Write(_folder.PathOf("a.mrcs"), Nx, Ny, 3, Samples.Noise(3 * FrameLength, 3), spaceGroup), archive = _folder.PathOf("a.hdf");
        var options = new CompressionOptions { Treatment = Treatment.Explicit(8, LimitRequest.None), Level = 0 };
        new Compressor(new ArchiveFormats()).Compress(input, archive, options, TestContext.Current.CancellationToken);
        return archive;
    }

    private static void Compress(string input, string output) =>
        new Compressor(new ArchiveFormats()).Compress(input, output, new CompressionOptions(), TestContext.Current.CancellationToken);

    private void ArchiveRaw(string earlier)
    {
        var options = new MrcArchiverOptions { Rules = RulesFile.Parse(Encoding.UTF8.GetBytes("""[{"glob": "*", "bits": 8}]"""), "rules.json") };
        var task = new ArchiveTask(_folder.PathOf("raw"), _folder.PathOf("new.hdf"), "a.mrcs", earlier, 5);
        Assert.Null(new MrcArchiver(new ArchiveFormats(), options).Archive(task, TestContext.Current.CancellationToken).KeptRawReason);
    }
}
