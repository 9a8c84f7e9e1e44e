using System.Buffers.Binary;
using System.Text;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>An attribute with its raw value (specification IV.A.2.m).</summary>
/// <param name="Data">Elements in file order, as stored.</param>
internal sealed record Attribute(string Name, Datatype Datatype, Dataspace Dataspace, ReadOnlyMemory<byte> Data)
{
    /// <summary>The first element as a number, whatever its type, size and byte order; null when it is none.</summary>
    public double? AsNumber() => Dataspace.ElementCount < 1 ? null : NumberAt(0);

    /// <summary>An element as a number; null when it is none.</summary>
    public double? NumberAt(int index)
    {
        Datatype type = Datatype;
        if (type.AsSampleType() is not { } sampleType || (index + 1L) * type.SizeBytes > Data.Length)
        {
            return null;
        }

        Span<byte> element = stackalloc byte[8];
        element = element[..type.SizeBytes];
        Data.Span.Slice(index * type.SizeBytes, type.SizeBytes).CopyTo(element);
        if (type.IsBigEndian)
        {
            element.Reverse();
        }

        return sampleType switch
        {
            Frames.SampleType.Int8 => (sbyte)unchecked((sbyte)element[0]),
            Frames.SampleType.UInt8 => element[0],
            Frames.SampleType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(element),
            Frames.SampleType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(element),
            Frames.SampleType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(element),
            Frames.SampleType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(element),
            Frames.SampleType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(element),
            Frames.SampleType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(element),
            Frames.SampleType.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(element),
            Frames.SampleType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(element),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(element),
        };
    }

    /// <summary>The first element as text: fixed length, or of variable length through the global heap; null when it is none.</summary>
    public string? AsText(MetadataReader reader, FieldSizes sizes)
    {
        if (Dataspace.ElementCount < 1)
        {
            return null;
        }

        if (Datatype.Class == DatatypeClass.String)
        {
            ReadOnlySpan<byte> text = Data.Span[..Math.Min(Data.Length, Datatype.SizeBytes)];
            int end = text.IndexOf((byte)0);
            text = end < 0 ? text : text[..end];
            return Encoding.UTF8.GetString(Datatype.IsSpacePadded ? text.TrimEnd((byte)' ') : text);
        }

        if (Datatype is { Class: DatatypeClass.VariableLength, IsVariableText: true })
        {
            var fields = new FieldReader(Data.Span, sizes, "variable-length text");
            uint lengthBytes = fields.U32();
            ReadOnlySpan<byte> text = GlobalHeap.Get(reader, sizes, fields.Address(), fields.U32()).Span;
            return Encoding.UTF8.GetString(text[..(int)Math.Min(lengthBytes, text.Length)].TrimEnd((byte)0));
        }

        return null;
    }
}
