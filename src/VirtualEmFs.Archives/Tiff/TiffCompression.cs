using VirtualEmFs.Codecs;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>A compression of TIFF's that can be decoded.</summary>
/// <param name="Step">Its decoder; null for none.</param>
/// <param name="LargestExpansion">Bytes that one stored byte can decode to: what claims more is damaged, and costs no memory.</param>
/// <param name="HasPredictor">Whether tag 317 belongs to it.</param>
internal sealed record TiffCompression(FilterStep? Step, int LargestExpansion, bool HasPredictor)
{
    public const int FirstEer = 65000;
    public const int LastEer = 65002;

    // Deflate: 258 bytes to 2 bits. Zstandard: a block of 128 KiB to 4 bytes. LZMA: no sharp bound; beyond 65,536 is no image.
    private static readonly TiffCompression s_none = new(null, 1, HasPredictor: false);
    private static readonly TiffCompression s_lzw = new(new FilterStep(FilterKind.Lzw), Lzw.LargestExpansion, HasPredictor: true);
    private static readonly TiffCompression s_deflate = new(new FilterStep(FilterKind.Deflate), 1032, HasPredictor: true);
    private static readonly TiffCompression s_packBits = new(new FilterStep(FilterKind.PackBits), PackBits.LargestExpansion, HasPredictor: false);
    private static readonly TiffCompression s_xz = new(new FilterStep(FilterKind.Xz), 65536, HasPredictor: true);
    private static readonly TiffCompression s_zstd = new(new FilterStep(FilterKind.Zstd), 65536, HasPredictor: true);

    /// <summary>The compression of a number of tag 259; null when it cannot be decoded.</summary>
    public static TiffCompression? Of(long number) => number switch
    {
        1 => s_none,
        5 => s_lzw,
        8 or 32946 => s_deflate,
        32773 => s_packBits,
        34925 => s_xz,
        50000 => s_zstd,
        _ => null,
    };

    /// <summary>What users call a compression.</summary>
    public static string NameOf(long number) => number switch
    {
        2 or 3 or 4 => "CCITT",
        6 or 7 => "JPEG",
        33003 or 33005 or 34712 => "JPEG 2000",
        34887 => "LERC",
        50001 => "WebP",
        >= FirstEer and <= LastEer => "EER",
        _ => $"number {number}",
    };
}
