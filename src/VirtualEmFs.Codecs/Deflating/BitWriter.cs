namespace VirtualEmFs.Codecs.Deflating;

/// <summary>Writes bits in deflate's order, least significant first, over memory that the caller has pinned and measured.</summary>
/// <remarks>Stores eight bytes at a time: the memory must reach eight bytes beyond the last bit.</remarks>
internal unsafe ref struct BitWriter
{
    private readonly byte* _start;

    public BitWriter(byte* start)
    {
        _start = start;
        Next = start;
    }

    public byte* Next;
    public ulong Bits;

    /// <summary>Bits that wait in <see cref="Bits"/>; below 8 after <see cref="Flush"/>.</summary>
    public int Count;

    /// <summary>Bits written since the start, those waiting included.</summary>
    public readonly long LengthBits => ((Next - _start) * 8L) + Count;

    /// <summary>Adds up to 56 bits.</summary>
    public void Write(ulong value, int bitCount)
    {
        unchecked
        {
            Bits |= value << Count;
            Count += bitCount;
            Flush();
        }
    }

    /// <summary>Stores the whole bytes among the waiting bits, 63 at most.</summary>
    public void Flush()
    {
        unchecked
        {
            // SAFETY: the caller's memory reaches eight bytes beyond the last bit.
            *(ulong*)Next = Bits;
            Next += Count >> 3;
            Bits >>= Count & 56;
            Count &= 7;
        }
    }

    /// <summary>Fills the last byte with zeros.</summary>
    public void AlignToByte()
    {
        if (Count > 0)
        {
            Write(0, 8 - Count);
        }
    }

    /// <summary>Copies bytes; the writer stands on a byte boundary.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        // SAFETY: as for Flush.
        bytes.CopyTo(new Span<byte>(Next, bytes.Length));
        Next += bytes.Length;
    }
}
