using System.Buffers.Binary;
using System.Numerics;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Reads the little-endian fields of one structure in turn, and refuses to leave it.</summary>
/// <param name="bytes">The structure.</param>
/// <param name="structure">Its name, for messages.</param>
internal ref struct FieldReader(ReadOnlySpan<byte> bytes, FieldSizes sizes, string structure)
{
    /// <summary>An address that points nowhere: all bits set in the file.</summary>
    public const long Undefined = -1;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    public ReadOnlySpan<byte> Take(long lengthBytes)
    {
        if (lengthBytes < 0 || lengthBytes > Remaining)
        {
            throw new Hdf5FormatException($"the {structure} ends too early");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_position, (int)lengthBytes);
        _position += (int)lengthBytes;
        return taken;
    }

    public void Skip(long lengthBytes) => Take(lengthBytes);

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>An unsigned number of 0 to 8 bytes.</summary>
    public ulong Unsigned(int lengthBytes)
    {
        if (lengthBytes == 8)
        {
            return U64();
        }

        if (lengthBytes is < 0 or > 8)
        {
            throw new Hdf5FormatException($"the {structure} has a number of {lengthBytes} bytes");
        }

        ReadOnlySpan<byte> field = Take(lengthBytes);
        ulong value = 0;
        for (int i = lengthBytes - 1; i >= 0; i--)
        {
            value = (value << 8) | field[i];
        }

        return value;
    }

    /// <summary>An address, or <see cref="Undefined"/>.</summary>
    public long Address()
    {
        ulong value = Unsigned(sizes.AddressBytes);
        return IsAllOnes(value, sizes.AddressBytes) ? Undefined : Positive(value);
    }

    /// <summary>A length or count.</summary>
    public long Length() => Positive(Unsigned(sizes.LengthBytes));

    /// <summary>A dimension's limit: null when there is none.</summary>
    public long? LengthOrUnlimited()
    {
        ulong value = Unsigned(sizes.LengthBytes);
        return IsAllOnes(value, sizes.LengthBytes) ? null : Positive(value);
    }

    /// <summary>A number of up to 8 bytes that must fit 63 bits.</summary>
    public long Number(int lengthBytes) => Positive(Unsigned(lengthBytes));

    public void Signature(ReadOnlySpan<byte> signature)
    {
        if (Remaining < signature.Length || !Take(signature.Length).SequenceEqual(signature))
        {
            throw new Hdf5FormatException($"the {structure} has no signature");
        }
    }

    /// <summary>A version byte of at most <paramref name="highest"/>.</summary>
    public int Version(int lowest, int highest)
    {
        int version = U8();
        if (version < lowest || version > highest)
        {
            throw new Hdf5FormatException($"the {structure} has the unknown version {version}");
        }

        return version;
    }

    /// <summary>Bytes up to a NUL, which is skipped.</summary>
    public ReadOnlySpan<byte> NulTerminated()
    {
        int lengthBytes = _bytes[_position..].IndexOf((byte)0);
        if (lengthBytes < 0)
        {
            throw new Hdf5FormatException($"the {structure} holds a name without end");
        }

        ReadOnlySpan<byte> text = Take(lengthBytes);
        Skip(1);
        return text;
    }

    /// <summary>Checks the checksum that stands here against all bytes before it.</summary>
    public void Checksum()
    {
        uint computed = Lookup3.Hash(_bytes[.._position]);
        if (U32() != computed)
        {
            throw new Hdf5FormatException($"the {structure} has a wrong checksum");
        }
    }

    /// <summary>Bytes that hold every number up to a limit.</summary>
    public static int BytesFor(ulong limit) => (BitOperations.Log2(limit) / 8) + 1;

    private static bool IsAllOnes(ulong value, int lengthBytes) => value == ulong.MaxValue >> (64 - (8 * lengthBytes));

    private readonly long Positive(ulong value) => value <= long.MaxValue
        ? (long)value
        : throw new Hdf5FormatException($"the {structure} holds the impossible number {value}");
}
