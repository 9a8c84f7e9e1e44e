using System.Buffers.Binary;
using VirtualEmFs.Archives.Hdf5.Writing;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>The st_ino that an archive took over from the file that it was made from.</summary>
internal static class RecordedInode
{
    /// <summary>Reads the number; null where there is none, and in a copy of the archive: two files have not one number.</summary>
    /// <param name="group">The root group <c>/VirtualEmFs</c>.</param>
    /// <param name="archiveInode">st_ino of the file that is read.</param>
    public static ulong? Read(Hdf5Object group, ulong archiveInode) =>
        Number(group.FindAttribute(ProvenanceNames.ArchiveInode)) == archiveInode ? Number(group.FindAttribute(ProvenanceNames.Inode)) : null;

    private static ulong? Number(Attribute? attribute) =>
        attribute is { Datatype: { Class: DatatypeClass.FixedPoint, IsBigEndian: false }, Data.Length: sizeof(ulong) }
            ? BinaryPrimitives.ReadUInt64LittleEndian(attribute.Data.Span)
            : null;
}
