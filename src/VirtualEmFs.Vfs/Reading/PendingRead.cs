namespace VirtualEmFs.Vfs.Reading;

/// <summary>A read whose parts arrive in any order, from any thread; whoever brings the last one replies.</summary>
internal sealed class PendingRead
{
    private const int NoFailure = int.MaxValue;

    private readonly ReplyBuffers _buffers;
    private readonly byte[] _buffer;
    private readonly FramePayload _payload;
    private readonly long _payloadOffset;
    private readonly int _lengthBytes;
    private readonly IReadReply _reply;
    private int _missing = 1; // the reading thread's own share, until Complete
    private int _firstBadByte = NoFailure;
    private int _status = (int)VfsStatus.Ok;

    /// <param name="payloadOffset">Payload byte of the reply's first byte; negative while it lies in the header.</param>
    public PendingRead(ReplyBuffers buffers, FramePayload payload, long payloadOffset, int lengthBytes, IReadReply reply)
    {
        (_buffers, _payload, _payloadOffset, _lengthBytes, _reply) = (buffers, payload, payloadOffset, lengthBytes, reply);
        _buffer = buffers.Rent(lengthBytes);
    }

    /// <summary>The reply's bytes, for the thread that holds a part to fill that part's.</summary>
    public Span<byte> Bytes(int replyOffset, int lengthBytes) => _buffer.AsSpan(replyOffset, lengthBytes);

    /// <summary>Announces a part that some thread will end with <see cref="EndPart"/>. Only before the reading thread's own EndPart.</summary>
    public void ExpectPart() => Interlocked.Increment(ref _missing);

    /// <summary>Notes that a frame cannot be had.</summary>
    /// <param name="serveBefore">Bytes before the frame may be served: the read ends at its first byte. Otherwise the read fails as a whole.</param>
    public void FailFrom(int frameIndex, VfsStatus status, bool serveBefore)
    {
        int badByte = serveBefore ? (int)Math.Clamp(_payload.OffsetOf(frameIndex) - _payloadOffset, 0, _lengthBytes) : 0;
        int seen = Volatile.Read(ref _firstBadByte);
        while (badByte < seen)
        {
            int before = Interlocked.CompareExchange(ref _firstBadByte, badByte, seen);
            if (before == seen)
            {
                Volatile.Write(ref _status, (int)status);
                return;
            }

            seen = before;
        }
    }

    /// <summary>Ends a part; the last one replies.</summary>
    public void EndPart()
    {
        if (Interlocked.Decrement(ref _missing) != 0)
        {
            return;
        }

        int firstBadByte = _firstBadByte;
        try
        {
            if (firstBadByte == 0)
            {
                _reply.Fail((VfsStatus)_status);
            }
            else
            {
                _reply.Data(_buffer.AsSpan(0, Math.Min(firstBadByte, _lengthBytes)));
            }
        }
        finally
        {
            _buffers.Return(_buffer);
        }
    }
}
