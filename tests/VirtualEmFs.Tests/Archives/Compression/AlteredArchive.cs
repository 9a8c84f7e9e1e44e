using System.Runtime.InteropServices;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Tests.Mount.Staging;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>Does to an archive what bad disks and other programs do, and reads it as a mount would show it.</summary>
internal static class AlteredArchive
{
    /// <summary>Replaces an image as EMAN2 does: its group stays, dataset and attributes are new.</summary>
    private const string Replacement = """
        import h5py, sys, numpy as np
        path, number, kind, shown = sys.argv[1:]
        f4 = np.float32
        with h5py.File(path, 'r+') as file:
            image = file['MDF/images'][number]
            shape = image['image'].shape
            del image['image']
            values = np.random.default_rng(7).normal(0, 3, shape).astype('f4')
            low, high = f4(-10.3), f4(10.7)
            if kind == '8 bits':
                stored = np.clip(np.rint((values - low) / (high - low) * 255), 0, 255).astype('u1')
                image['image'] = stored
                for name, value in (('rendermin', low), ('rendermax', high), ('renderbits', np.int32(8))):
                    image.attrs['EMAN.stored_' + name] = value
                values = stored.astype('f4') * ((high - low) * (f4(1) / f4(255))) + low
            else:
                if kind == 'NaN':
                    values.flat[5] = np.nan
                image['image'] = values
                for name in ('rendermin', 'rendermax', 'renderbits', 'truncated'):
                    if 'EMAN.stored_' + name in image.attrs: del image.attrs['EMAN.stored_' + name]
            values.tofile(shown)
        """;

    /// <summary>Flips a bit of the first image's number of bits, limits or samples, or of the preserved header.</summary>
    public static void Damage(string path, string what)
    {
        byte[] bytes = File.ReadAllBytes(path);
        switch (what)
        {
            case "name of the bits":
                bytes[PlaceOf(bytes, "EMAN.stored_renderbits"u8) + 5] ^= 1;
                break;
            case "limit":
                // An attribute's name takes 24 bytes, its type 24, its shape 24: the lowest bit of the exponent.
                bytes[PlaceOf(bytes, "EMAN.stored_rendermax"u8) + 72 + 2] ^= 0x80;
                break;
            case "header":
                bytes[bytes.AsSpan().LastIndexOf("a label of the test"u8)] ^= 1;
                break;
            default:
                // Chunks without a filter hold the samples as they are.
                bytes[PlaceOf(bytes, StoredSamples(path)) + 3] ^= 1;
                break;
        }

        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Replaces an image by others of its size: <c>float</c>, <c>NaN</c> (one of them) or <c>8 bits</c>.</summary>
    /// <returns>The values that EMAN2 shows.</returns>
    public static float[] Replace(string path, int image, string kind)
    {
        string shown = path + ".shown";
        Assert.Equal("", Python.Run(Replacement, path, $"{image}", kind, shown));
        return MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(shown)).ToArray();
    }

    /// <summary>Takes away what older versions did not write.</summary>
    public static void MakeOlder(string path) => Assert.Equal("", Python.Run("""
        import h5py, sys
        with h5py.File(sys.argv[1], 'r+') as file:
            group = file['VirtualEmFs']
            if 'limits_crc32c' in group: del group['limits_crc32c']
            if 'mrc_header_crc32c' in group.attrs: del group.attrs['mrc_header_crc32c']
        """, path));

    /// <summary>The bytes of the virtual file.</summary>
    public static byte[] Shown(string path)
    {
        var file = new RawFile();
        new MrcArchiver(new ArchiveFormats(), new MrcArchiverOptions()).Restore(
            new ArchiveFormats().Probe(path).Description!, MrcView.Natural, file, _ => { }, TestContext.Current.CancellationToken);
        return file.Bytes;
    }

    private static byte[] StoredSamples(string path)
    {
        using var archive = new ArchiveFormats().Open(new ArchiveFormats().Probe(path).Description!);
        return DecodedArchive.Stored(archive, 0, 1)[..64];
    }

    private static int PlaceOf(byte[] bytes, ReadOnlySpan<byte> wanted)
    {
        int place = bytes.AsSpan().IndexOf(wanted);
        Assert.InRange(place, 0, bytes.Length);
        return place;
    }
}
