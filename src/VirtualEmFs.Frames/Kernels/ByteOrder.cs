using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Frames.Kernels;

/// <summary>Reverses the bytes of every element.</summary>
/// <remarks>Pure; any thread. The framework's own vector kernels do the work.</remarks>
public static class ByteOrder
{
    /// <summary>Reverses the bytes of each element in place; bytes after the last whole element stay.</summary>
    /// <param name="elementLengthBytes">1 or more.</param>
    public static void Swap(Span<byte> elements, int elementLengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elementLengthBytes, 1);
        switch (elementLengthBytes)
        {
            case 1:
                break;
            case 2:
                var words = MemoryMarshal.Cast<byte, ushort>(elements);
                BinaryPrimitives.ReverseEndianness(words, words);
                break;
            case 4:
                var doubleWords = MemoryMarshal.Cast<byte, uint>(elements);
                BinaryPrimitives.ReverseEndianness(doubleWords, doubleWords);
                break;
            case 8:
                var quadWords = MemoryMarshal.Cast<byte, ulong>(elements);
                BinaryPrimitives.ReverseEndianness(quadWords, quadWords);
                break;
            default:
                for (; elements.Length >= elementLengthBytes; elements = elements[elementLengthBytes..])
                {
                    elements[..elementLengthBytes].Reverse();
                }

                break;
        }
    }
}
