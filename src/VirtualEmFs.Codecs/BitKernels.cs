using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Codecs;

/// <summary>Rearranges the bits of bytes: 4-bit samples, and bytes whose bits are stored in reverse.</summary>
/// <remarks>Pure; any thread; nothing is allocated.</remarks>
public static class BitKernels
{
    /// <summary>Gives each 4-bit sample a byte of its own: low nibble first (MRC mode 101, and TIFF as IMOD and RELION pack it).</summary>
    /// <param name="samples">Twice as long as <paramref name="packed"/>; must not overlap it.</param>
    public static void UnpackNibbles(ReadOnlySpan<byte> packed, Span<byte> samples)
    {
        if (samples.Length != (long)packed.Length * 2)
        {
            throw new ArgumentException("there are two samples to a packed byte", nameof(samples));
        }

        unchecked
        {
            int done = 0;
            if (Vector128.IsHardwareAccelerated)
            {
                // A byte widened to 16 bits, plus itself moved up by four, has its low nibble in the first byte and the high one in the second.
                ref byte from = ref MemoryMarshal.GetReference(packed);
                ref byte to = ref MemoryMarshal.GetReference(samples);
                var mask = Vector128.Create((ushort)0x0F0F);
                for (; done <= packed.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
                {
                    var (lower, upper) = Vector128.Widen(Vector128.LoadUnsafe(ref from, (nuint)done));
                    ((lower | (lower << 4)) & mask).AsByte().StoreUnsafe(ref to, 2 * (nuint)done);
                    ((upper | (upper << 4)) & mask).AsByte().StoreUnsafe(ref to, (2 * (nuint)done) + 16);
                }
            }

            for (; done < packed.Length; done++)
            {
                samples[2 * done] = (byte)(packed[done] & 15);
                samples[(2 * done) + 1] = (byte)(packed[done] >> 4);
            }
        }
    }

    /// <summary>Reverses the bits of every byte (TIFF's FillOrder 2).</summary>
    public static void ReverseBits(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        unchecked
        {
            destination = destination[..source.Length];
            int done = 0;
            for (; done <= source.Length - sizeof(ulong); done += sizeof(ulong))
            {
                ulong word = MemoryMarshal.Read<ulong>(source[done..]);
                word = ((word >> 1) & 0x5555555555555555) | ((word & 0x5555555555555555) << 1);
                word = ((word >> 2) & 0x3333333333333333) | ((word & 0x3333333333333333) << 2);
                word = ((word >> 4) & 0x0F0F0F0F0F0F0F0F) | ((word & 0x0F0F0F0F0F0F0F0F) << 4);
                MemoryMarshal.Write(destination[done..], word);
            }

            for (; done < source.Length; done++)
            {
                // Three masked multiplications spread and gather the bits of one byte.
                destination[done] = (byte)(((source[done] * 0x0802u & 0x22110u) | (source[done] * 0x8020u & 0x88440u)) * 0x10101u >> 16);
            }
        }
    }
}
