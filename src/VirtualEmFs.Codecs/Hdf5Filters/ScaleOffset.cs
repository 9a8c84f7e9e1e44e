using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>
/// HDF5's scale-offset filter: differences to the piece's minimum in as few bits as they need; for floats, in units of
/// 10^-D. Parameters are the filter's client values: scale type, scale factor, elements, class, size, sign, byte order, fill value
/// defined, fill value in four-byte groups.
/// </summary>
/// <remarks>A piece begins with 21 bytes: bits (32 bits), length of the minimum (8 bits), minimum (up to 16 bytes).</remarks>
internal static class ScaleOffset
{
    private const int HeaderLengthBytes = 21;
    private const int DecimalScale = 0;
    private const int IntegerScale = 2;
    private const int FloatClass = 1;

    public static string? FindUnsupported(ReadOnlySpan<int> parameters)
    {
        if (parameters.Length < 8 || parameters[4] is not (1 or 2 or 4 or 8))
        {
            return "scale-offset packing of this type is not supported";
        }

        bool isFloat = parameters[3] == FloatClass;
        return isFloat
            ? parameters[0] == DecimalScale && parameters[4] is 4 or 8 ? null : "scale-offset packing with this scale is not supported"
            : parameters[0] == IntegerScale ? null : "scale-offset packing with this scale is not supported";
    }

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, ReadOnlySpan<int> parameters, Span<byte> destination)
    {
        if (FindUnsupported(parameters) is string reason)
        {
            return DecodeOutcome.Damaged(reason);
        }

        int sizeBytes = parameters[4];
        bool isFloat = parameters[3] == FloatClass;
        if (!isFloat && parameters[1] == sizeBytes * 8)
        {
            return PlainCopy.Decode(source, destination);
        }

        if (source.Length < HeaderLengthBytes)
        {
            return DecodeOutcome.Damaged("the scale-offset header is cut off");
        }

        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(source);
        Span<byte> minimumBytes = stackalloc byte[8];
        minimumBytes.Clear();
        source.Slice(5, Math.Min(source[4], (byte)8)).CopyTo(minimumBytes);
        ulong minimum = BinaryPrimitives.ReadUInt64LittleEndian(minimumBytes);
        var packed = source[HeaderLengthBytes..];
        int count = Math.Min(parameters[2], destination.Length / sizeBytes);
        if (bits > (uint)sizeBytes * 8 || count < 0 || !PackedBits.Holds(packed, count, (int)bits))
        {
            return DecodeOutcome.Damaged("the scale-offset bits end too early");
        }

        var elements = destination[..(count * sizeBytes)];
        if (bits == sizeBytes * 8)
        {
            packed[..elements.Length].CopyTo(elements);
        }
        else
        {
            ulong? fillCode = parameters[7] == 1 ? (1UL << (int)bits) - 1 : null;
            var fill = FillOf(parameters);
            switch (isFloat, sizeBytes)
            {
                case (true, 4): UnpackSingles(packed, (int)bits, minimum, parameters[1], fillCode, fill, elements); break;
                case (true, _): UnpackDoubles(packed, (int)bits, minimum, parameters[1], fillCode, fill, elements); break;
                default: UnpackIntegers(packed, (int)bits, minimum, fillCode, fill, sizeBytes, elements); break;
            }
        }

        // The file's own byte order comes out, as from every filter of HDF5.
        if (parameters[6] == 1)
        {
            ByteOrder.Swap(elements, sizeBytes);
        }

        return DecodeOutcome.Done(elements.Length);
    }

    private static ulong FillOf(ReadOnlySpan<int> parameters)
    {
        uint lower = parameters.Length > 8 ? unchecked((uint)parameters[8]) : 0;
        uint upper = parameters.Length > 9 ? unchecked((uint)parameters[9]) : 0;
        return ((ulong)upper << 32) | lower;
    }

    private static void UnpackIntegers(
        ReadOnlySpan<byte> packed, int bits, ulong minimum, ulong? fillCode, ulong fill, int sizeBytes, Span<byte> elements)
    {
        var reader = new PackedBits(packed);
        Span<byte> element = stackalloc byte[8];
        for (int i = 0; i < elements.Length; i += sizeBytes)
        {
            ulong code = bits == 0 ? 0 : reader.Read(bits);
            BinaryPrimitives.WriteUInt64LittleEndian(element, code == fillCode ? fill : unchecked(code + minimum));
            element[..sizeBytes].CopyTo(elements[i..]);
        }
    }

    private static void UnpackSingles(
        ReadOnlySpan<byte> packed, int bits, ulong minimum, int decimals, ulong? fillCode, ulong fill, Span<byte> elements)
    {
        var reader = new PackedBits(packed);
        float lowest = BitConverter.UInt32BitsToSingle((uint)(minimum & uint.MaxValue));
        float filler = BitConverter.UInt32BitsToSingle((uint)(fill & uint.MaxValue));
        float scale = MathF.Pow(10f, decimals);
        var values = MemoryMarshal.Cast<byte, float>(elements);
        for (int i = 0; i < values.Length; i++)
        {
            ulong code = bits == 0 ? 0 : reader.Read(bits);
            values[i] = code == fillCode ? filler : ((int)code / scale) + lowest;
        }
    }

    private static void UnpackDoubles(
        ReadOnlySpan<byte> packed, int bits, ulong minimum, int decimals, ulong? fillCode, ulong fill, Span<byte> elements)
    {
        var reader = new PackedBits(packed);
        double lowest = BitConverter.UInt64BitsToDouble(minimum);
        double filler = BitConverter.UInt64BitsToDouble(fill);
        double scale = Math.Pow(10.0, decimals);
        var values = MemoryMarshal.Cast<byte, double>(elements);
        for (int i = 0; i < values.Length; i++)
        {
            ulong code = bits == 0 ? 0 : reader.Read(bits);
            values[i] = code == fillCode ? filler : ((long)code / scale) + lowest;
        }
    }
}
