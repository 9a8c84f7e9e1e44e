using VirtualEmFs.Archives.Hdf5.Writing;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>The MRC header that an archive of our own making keeps in its root group <c>/VirtualEmFs</c>.</summary>
/// <param name="Bytes">Header and extended header; empty when there is none.</param>
/// <param name="Mode">MRC mode of the original; null when it was no MRC file.</param>
/// <param name="Checksum">What <see cref="ProvenanceChecksums.OfHeader"/> was when the archive was made; null where it does not say.</param>
internal readonly record struct PreservedHeader(ReadOnlyMemory<byte> Bytes, int? Mode, uint? Checksum)
{
    // Extended headers of long tilt series have some MiB.
    private const long MaximumLengthBytes = 64 << 20;

    /// <summary>False when header or mode are not those that were written.</summary>
    public bool IsAsWritten => Checksum is null || Checksum == ProvenanceChecksums.OfHeader(Mode, Bytes.Span);

    /// <param name="group">The root group <c>/VirtualEmFs</c>.</param>
    public static PreservedHeader Read(Hdf5File file, Hdf5Object group)
    {
        int? mode = group.FindAttribute(ProvenanceNames.MrcMode)?.AsNumber() is double number && number is >= 0 and <= 1000 ? (int)number : null;
        ReadOnlyMemory<byte> bytes = group.FindAttribute(ProvenanceNames.MrcHeader)?.Data
            ?? (file.Find(group, ProvenanceNames.MrcHeader) is { IsDataset: true } dataset ? ReadBytes(file, new Hdf5Dataset(dataset)) : default);
        double? checksum = group.FindAttribute(ProvenanceNames.MrcHeaderChecksum)?.AsNumber();
        return new PreservedHeader(bytes, mode, checksum is >= 0 and <= uint.MaxValue ? (uint)checksum : null);
    }

    private static ReadOnlyMemory<byte> ReadBytes(Hdf5File file, Hdf5Dataset dataset)
    {
        long lengthBytes = dataset.Dataspace.ElementCount;
        long address = dataset.Layout switch
        {
            ContiguousLayout contiguous => contiguous.Address,
            CompactLayout compact => compact.Address,
            _ => FieldReader.Undefined,
        };
        return dataset.Datatype.SizeBytes == 1 && address != FieldReader.Undefined && lengthBytes <= MaximumLengthBytes
            ? file.Reader.Read(address, lengthBytes, "preserved MRC header")
            : throw new Hdf5FormatException("its preserved MRC header is stored in an unknown way");
    }
}
