using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace VirtualEmFs.Archives.Compression;

/// <summary>HDF5's byte shuffle: all first bytes of the elements, then all second bytes, and so on.</summary>
/// <remarks>Pure; any thread. Source and destination must not overlap.</remarks>
internal static class ByteShuffle
{
    /// <summary>Shuffles whole elements.</summary>
    /// <param name="elementLengthBytes">2 or 4.</param>
    /// <param name="planes">As long as <paramref name="elements"/>.</param>
    public static void Shuffle(ReadOnlySpan<byte> elements, int elementLengthBytes, Span<byte> planes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(planes.Length, elements.Length, nameof(planes));
        switch (elementLengthBytes)
        {
            case 2:
                Shuffle2(MemoryMarshal.Cast<byte, ushort>(elements), planes);
                break;
            case 4:
                Shuffle4(MemoryMarshal.Cast<byte, uint>(elements), planes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(elementLengthBytes), elementLengthBytes, "elements of 2 or 4 bytes are shuffled");
        }
    }

    // Vectors of elements are shifted so that the plane's byte comes lowest, and narrowed to bytes: 32 elements a step.
    private static void Shuffle2(ReadOnlySpan<ushort> elements, Span<byte> planes)
    {
        unchecked
        {
            int count = elements.Length, done = 0;
            var lowest = Vector256.Create((ushort)0xFF);
            for (; done <= count - 32; done += 32)
            {
                Vector256<ushort> a = Vector256.Create(elements[done..]), b = Vector256.Create(elements[(done + 16)..]);
                Vector256.Narrow(a & lowest, b & lowest).CopyTo(planes[done..]);
                Vector256.Narrow(a >>> 8, b >>> 8).CopyTo(planes[(count + done)..]);
            }

            for (; done < count; done++)
            {
                planes[done] = (byte)elements[done];
                planes[count + done] = (byte)(elements[done] >> 8);
            }
        }
    }

    private static void Shuffle4(ReadOnlySpan<uint> elements, Span<byte> planes)
    {
        unchecked
        {
            int count = elements.Length, done = 0;
            var lowest = Vector256.Create(0xFFu);
            for (; done <= count - 32; done += 32)
            {
                Vector256<uint> a = Vector256.Create(elements[done..]), b = Vector256.Create(elements[(done + 8)..]);
                Vector256<uint> c = Vector256.Create(elements[(done + 16)..]), d = Vector256.Create(elements[(done + 24)..]);
                for (int plane = 0; plane < 4; plane++)
                {
                    Vector256.Narrow(Vector256.Narrow(a & lowest, b & lowest), Vector256.Narrow(c & lowest, d & lowest))
                        .CopyTo(planes[((plane * count) + done)..]);
                    (a, b, c, d) = (a >>> 8, b >>> 8, c >>> 8, d >>> 8);
                }
            }

            for (; done < count; done++)
            {
                for (int plane = 0; plane < 4; plane++)
                {
                    planes[(plane * count) + done] = (byte)(elements[done] >> (8 * plane));
                }
            }
        }
    }
}
