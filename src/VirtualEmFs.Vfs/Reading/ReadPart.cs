namespace VirtualEmFs.Vfs.Reading;

/// <summary>Bytes of one block's rendering that one read asks for.</summary>
/// <param name="Read">The read.</param>
/// <param name="Block">The block.</param>
/// <param name="BlockOffset">First byte within the block's rendering (frames, rows, columns, as the virtual file holds them).</param>
/// <param name="LengthBytes">Bytes.</param>
/// <param name="ReplyOffset">Where they stand in the read's reply.</param>
internal readonly record struct ReadPart(PendingRead Read, long Block, long BlockOffset, int LengthBytes, int ReplyOffset);
