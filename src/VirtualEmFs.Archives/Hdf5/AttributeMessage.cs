using System.Text;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>The attribute message, versions 1 to 3 (specification IV.A.2.m).</summary>
internal static class AttributeMessage
{
    /// <summary>The name alone, without its NUL: most attributes of an image are only passed by.</summary>
    public static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> bytes)
    {
        var fields = new FieldReader(bytes, default, "attribute");
        int version = fields.Version(1, 3);
        fields.Skip(1);
        int nameBytes = fields.U16();
        fields.Skip(version == 3 ? 5 : 4);
        return WithoutNul(fields.Take(nameBytes));
    }

    /// <param name="shared">Finds the datatype or dataspace where the message only points at one.</param>
    public static Attribute Parse(ReadOnlyMemory<byte> bytes, FieldSizes sizes, Func<MessageType, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> shared)
    {
        var fields = new FieldReader(bytes.Span, sizes, "attribute");
        int version = fields.Version(1, 3);
        byte flags = version == 1 ? Unused(ref fields) : fields.U8();
        int nameBytes = fields.U16();
        int datatypeBytes = fields.U16();
        int dataspaceBytes = fields.U16();
        fields.Skip(version == 3 ? 1 : 0); // character set
        string name = Encoding.UTF8.GetString(WithoutNul(Padded(ref fields, nameBytes, version)));
        ReadOnlyMemory<byte> datatypeMessage = Slice(bytes, ref fields, datatypeBytes, version);
        ReadOnlyMemory<byte> dataspaceMessage = Slice(bytes, ref fields, dataspaceBytes, version);
        var datatype = Datatype.Parse(((flags & 1) != 0 ? shared(MessageType.Datatype, datatypeMessage) : datatypeMessage).Span);
        var dataspace = Dataspace.Parse(((flags & 2) != 0 ? shared(MessageType.Dataspace, dataspaceMessage) : dataspaceMessage).Span, sizes);
        int position = fields.Position;
        long dataBytes = dataspace.ElementCount * datatype.SizeBytes;
        fields.Skip(dataBytes);
        return new Attribute(name, datatype, dataspace, bytes.Slice(position, (int)dataBytes));
    }

    private static byte Unused(ref FieldReader fields)
    {
        fields.Skip(1);
        return 0;
    }

    private static ReadOnlySpan<byte> WithoutNul(ReadOnlySpan<byte> name)
    {
        int end = name.IndexOf((byte)0);
        return end < 0 ? name : name[..end];
    }

    // Version 1 pads name, datatype and dataspace to multiples of 8.
    private static ReadOnlySpan<byte> Padded(ref FieldReader fields, int lengthBytes, int version)
    {
        ReadOnlySpan<byte> taken = fields.Take(lengthBytes);
        fields.Skip(version == 1 ? (8 - (lengthBytes % 8)) % 8 : 0);
        return taken;
    }

    private static ReadOnlyMemory<byte> Slice(ReadOnlyMemory<byte> bytes, ref FieldReader fields, int lengthBytes, int version)
    {
        int position = fields.Position;
        Padded(ref fields, lengthBytes, version);
        return bytes.Slice(position, lengthBytes);
    }
}
