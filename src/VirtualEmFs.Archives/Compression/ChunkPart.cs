using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>What a chunk holds of one section.</summary>
/// <param name="Section">Section of the image.</param>
/// <param name="Report">What truncation did to the samples.</param>
/// <param name="Checksum">CRC-32C of the stored samples.</param>
/// <param name="LengthBytes">Their length.</param>
internal readonly record struct ChunkPart(int Section, QuantizationReport Report, uint Checksum, int LengthBytes);

/// <summary>A chunk as it will be stored.</summary>
/// <param name="Chunk">Its number in the image's grid.</param>
/// <param name="IsRaw">True when no filter was applied.</param>
/// <param name="Stored">Rented from the shared pool by the maker; whoever writes it gives it back.</param>
internal readonly record struct EncodedChunk(long Chunk, bool IsRaw, byte[] Stored, int LengthBytes, ChunkPart[] Parts);
