using System.Collections.Concurrent;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>Buffers in which replies are put together, kept for re-use: a new array for each 1 MiB read costs a gen-2
/// collection every few reads.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class ReplyBuffers
{
    // A kernel request is at most 1 MiB; larger reads (other hosts) get a buffer of their own.
    private const int BufferLengthBytes = 1 << 20;

    // max_background requests, and a sync read of each of as many programs.
    private const int KeptCount = 128;

    private readonly ConcurrentStack<byte[]> _free = new();
    private int _freeCount;

    /// <summary>A buffer of at least the length; give it back through <see cref="Return"/>.</summary>
    public byte[] Rent(int lengthBytes)
    {
        if (lengthBytes <= BufferLengthBytes && _free.TryPop(out byte[]? buffer))
        {
            Interlocked.Decrement(ref _freeCount);
            return buffer;
        }

        // Pinned: the host hands the address to the kernel.
        return GC.AllocateUninitializedArray<byte>(Math.Max(lengthBytes, BufferLengthBytes), pinned: true);
    }

    public void Return(byte[] buffer)
    {
        if (buffer.Length == BufferLengthBytes && Volatile.Read(ref _freeCount) < KeptCount)
        {
            Interlocked.Increment(ref _freeCount);
            _free.Push(buffer);
        }
    }
}
