namespace VirtualEmFs.Mount.Extraction;

/// <summary>Memory of one worker: a decoded block, and a part of its rendering.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class WorkerBuffer
{
    /// <summary>Bytes rendered between two writes: small enough to stay in a core's own cache between the two passes over
    /// them, large enough that the system call does not count.</summary>
    public const int RenderedLengthBytes = 512 * 1024;

    private byte[] _stored = [];
    private byte[] _rendered = [];

    /// <summary>Room for a decoded block; valid until the next call.</summary>
    public Span<byte> Stored(int lengthBytes)
    {
        if (_stored.Length < lengthBytes)
        {
            _stored = GC.AllocateUninitializedArray<byte>(lengthBytes);
        }

        return _stored.AsSpan(0, lengthBytes);
    }

    /// <summary>Room for rendered rows: <see cref="RenderedLengthBytes"/>, or one row where that is longer.</summary>
    public Span<byte> Rendered(int rowLengthBytes)
    {
        if (_rendered.Length < Math.Max(RenderedLengthBytes, rowLengthBytes))
        {
            _rendered = GC.AllocateUninitializedArray<byte>(Math.Max(RenderedLengthBytes, rowLengthBytes));
        }

        return _rendered;
    }
}
