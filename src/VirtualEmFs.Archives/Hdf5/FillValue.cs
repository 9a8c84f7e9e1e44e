namespace VirtualEmFs.Archives.Hdf5;

/// <summary>The fill value messages: what samples that were never written read as (specification IV.A.2.e and f).</summary>
internal static class FillValue
{
    /// <summary>The fill value as stored; empty when it is zero or left undefined.</summary>
    public static ReadOnlyMemory<byte> Parse(ReadOnlyMemory<byte> bytes, MessageType type)
    {
        var fields = new FieldReader(bytes.Span, default, "fill value");
        if (type == MessageType.OldFillValue)
        {
            return Value(bytes, ref fields);
        }

        int version = fields.Version(1, 3);
        if (version == 3)
        {
            const byte IsDefined = 0x20;
            return (fields.U8() & IsDefined) != 0 ? Value(bytes, ref fields) : default;
        }

        fields.Skip(2); // times of allocation and of writing
        bool isDefined = fields.U8() != 0;

        // Version 1 has the size field always; libhdf5 wrote all bits set for "undefined".
        return !isDefined || fields.Remaining < 4 ? default : Value(bytes, ref fields);
    }

    private static ReadOnlyMemory<byte> Value(ReadOnlyMemory<byte> bytes, ref FieldReader fields)
    {
        uint lengthBytes = fields.U32();
        if (lengthBytes > int.MaxValue)
        {
            return default; // -1: undefined
        }

        int position = fields.Position;
        fields.Skip(lengthBytes);
        return bytes.Slice(position, (int)lengthBytes);
    }
}
