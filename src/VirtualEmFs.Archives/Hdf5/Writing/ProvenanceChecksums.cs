using System.Buffers.Binary;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>
/// CRC-32C of what decides how stored samples read, beside the samples themselves: in the files that EMAN2 reads, HDF5 has no checksum of
/// attributes and headers, and one flipped bit there would be another picture.
/// </summary>
public static class ProvenanceChecksums
{
    /// <summary>
    /// Of a frame's type and limits, in 16 bytes: the type as numpy calls it (<c>u1</c>, <c>u2</c>, <c>f4</c>) in 4 bytes, filled up with
    /// zeros; rendermin and rendermax as float32; renderbits as int32. Little-endian, and zeros for samples that are not rescaled.
    /// </summary>
    public static uint OfLimits(SampleType type, Rescale rescale)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        NumpyName(type).CopyTo(bytes);
        BinaryPrimitives.WriteSingleLittleEndian(bytes[4..], rescale.Minimum);
        BinaryPrimitives.WriteSingleLittleEndian(bytes[8..], rescale.Maximum);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], rescale.Bits);
        return Crc32C.Append(0, bytes);
    }

    /// <summary>Of a preserved MRC header: its mode as int32, little-endian, then header and extended header.</summary>
    /// <param name="mode">0 where none is known.</param>
    public static uint OfHeader(int? mode, ReadOnlySpan<byte> header)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, mode ?? 0);
        return Crc32C.Append(Crc32C.Append(0, bytes), header);
    }

    private static ReadOnlySpan<byte> NumpyName(SampleType type) => type switch
    {
        SampleType.Int8 => "i1"u8,
        SampleType.UInt8 => "u1"u8,
        SampleType.Int16 => "i2"u8,
        SampleType.UInt16 => "u2"u8,
        SampleType.Int32 => "i4"u8,
        SampleType.UInt32 => "u4"u8,
        SampleType.Int64 => "i8"u8,
        SampleType.UInt64 => "u8"u8,
        SampleType.Float16 => "f2"u8,
        SampleType.Float32 => "f4"u8,
        SampleType.Float64 => "f8"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a sample type"),
    };
}
