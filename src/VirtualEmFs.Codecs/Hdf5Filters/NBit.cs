using System.Buffers.Binary;

namespace VirtualEmFs.Codecs.Hdf5Filters;

/// <summary>
/// HDF5's n-bit filter: only the bits that a type uses are stored. Parameters are the filter's client values: count, "nothing was
/// packed", elements, class, then for an atomic type its size, byte order, precision and bit offset.
/// </summary>
/// <remarks>As in HDF5, what comes out is the file's own type: bits outside its precision are zero, and signs are not extended.</remarks>
internal static class NBit
{
    private const int AtomicClass = 1;
    private const int NoTypeClass = 4;
    private const int BigEndian = 1;

    public static string? FindUnsupported(ReadOnlySpan<int> parameters) =>
        parameters.Length >= 4 && (parameters[1] != 0 || parameters[3] == NoTypeClass || IsSoundAtomic(parameters))
            ? null
            : "n-bit packing of this type is not supported";

    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, ReadOnlySpan<int> parameters, Span<byte> destination)
    {
        if (FindUnsupported(parameters) is string reason)
        {
            return DecodeOutcome.Damaged(reason);
        }

        if (parameters[1] != 0 || parameters[3] == NoTypeClass)
        {
            return PlainCopy.Decode(source, destination);
        }

        int sizeBytes = parameters[4];
        bool isBigEndian = parameters[5] == BigEndian;
        int precision = parameters[6];
        int bitOffset = parameters[7];
        int count = Math.Min(parameters[2], destination.Length / sizeBytes);
        if (count < 0 || !PackedBits.Holds(source, count, precision))
        {
            return DecodeOutcome.Damaged("the packed bits end too early");
        }

        var bits = new PackedBits(source);
        Span<byte> element = stackalloc byte[8];
        for (int i = 0; i < count; i++)
        {
            ulong value = bits.Read(precision) << bitOffset;
            if (isBigEndian)
            {
                BinaryPrimitives.WriteUInt64BigEndian(element, value);
                element[^sizeBytes..].CopyTo(destination[(i * sizeBytes)..]);
            }
            else
            {
                BinaryPrimitives.WriteUInt64LittleEndian(element, value);
                element[..sizeBytes].CopyTo(destination[(i * sizeBytes)..]);
            }
        }

        return DecodeOutcome.Done(count * sizeBytes);
    }

    private static bool IsSoundAtomic(ReadOnlySpan<int> parameters) =>
        parameters.Length >= 8 && parameters[3] == AtomicClass && parameters[4] is 1 or 2 or 4 or 8 && parameters[5] is 0 or BigEndian
        && parameters[6] is >= 1 and <= 64 && parameters[7] is >= 0 and < 64 && parameters[6] + parameters[7] <= parameters[4] * 8;
}
