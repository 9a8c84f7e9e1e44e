namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Kinds of links.</summary>
internal enum LinkKind
{
    Hard = 0,
    Soft = 1,
    External = 64,

    /// <summary>User-defined: leads nowhere for this reader.</summary>
    Other = 255,
}

/// <summary>Where a link leads.</summary>
/// <param name="Address">Hard links: the object header.</param>
/// <param name="Value">Soft links: the path. External links: flags, then file name and path, each with a NUL.</param>
internal readonly record struct LinkTarget(LinkKind Kind, long Address, ReadOnlyMemory<byte> Value)
{
    public static LinkTarget ToObject(long address) => new(LinkKind.Hard, address, default);
}

/// <summary>Takes one link of a group; the name is borrowed for the call. False ends the walk.</summary>
internal delegate bool LinkVisitor(ReadOnlySpan<byte> name, in LinkTarget target);

/// <summary>The link message: one member of a new-style group (specification IV.A.2.g).</summary>
internal static class LinkMessage
{
    public static bool Visit(ReadOnlySpan<byte> bytes, FieldSizes sizes, LinkVisitor visit)
    {
        var fields = new FieldReader(bytes, sizes, "link");
        fields.Version(1, 1);
        byte flags = fields.U8();
        int type = (flags & 0x08) != 0 ? fields.U8() : 0;
        fields.Skip((flags & 0x04) != 0 ? 8 : 0); // creation order
        fields.Skip((flags & 0x10) != 0 ? 1 : 0); // character set
        long nameBytes = fields.Number(1 << (flags & 0x03));
        ReadOnlySpan<byte> name = fields.Take(nameBytes);
        LinkTarget target = type switch
        {
            0 => LinkTarget.ToObject(fields.Address()),
            1 => new LinkTarget(LinkKind.Soft, FieldReader.Undefined, fields.Take(fields.U16()).ToArray()),
            64 => new LinkTarget(LinkKind.External, FieldReader.Undefined, fields.Take(fields.U16()).ToArray()),
            _ => new LinkTarget(LinkKind.Other, FieldReader.Undefined, default),
        };
        return visit(name, target);
    }
}
