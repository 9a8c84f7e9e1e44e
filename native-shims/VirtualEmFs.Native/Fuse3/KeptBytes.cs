using System.Buffers;

namespace VirtualEmFs.Native.Fuse3;

/// <summary>Bytes of a request in the memory into which it was received; giving them up gives that memory back to the session.</summary>
/// <param name="buffer">Of which the bytes are a part.</param>
/// <remarks>Any thread.</remarks>
internal sealed unsafe class KeptBytes(FuseSession session, fuse_buf buffer, byte* bytes, int lengthBytes) : MemoryManager<byte>
{
    private int _isGivenUp;

    // SAFETY: the memory is ours until it is given up, which the owner does last.
    public override Span<byte> GetSpan() => new(bytes, lengthBytes);

    public override MemoryHandle Pin(int elementIndex = 0) => new(bytes + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isGivenUp, 1) == 0)
        {
            session.GiveBack(buffer);
        }
    }
}
