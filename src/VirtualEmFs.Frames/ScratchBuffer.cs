using System.Runtime.InteropServices;

namespace VirtualEmFs.Frames;

/// <summary>Native memory of one thread for data on its way: grows to what is asked for, and keeps it for the next time.</summary>
/// <remarks>One thread at a time. Aligned to 64 bytes. A thread that ends leaves its memory to the finalizer.</remarks>
public sealed unsafe class ScratchBuffer : IDisposable
{
    private readonly SpareMemory _spare;
    private void* _memory;
    private int _capacityBytes;

    public ScratchBuffer()
        : this(SpareMemory.Shared)
    {
    }

    internal ScratchBuffer(SpareMemory spare) => _spare = spare;

    ~ScratchBuffer() => Free();

    /// <summary>Bytes allocated now.</summary>
    public int CapacityBytes => _capacityBytes;

    /// <summary>Memory of a length; contents undefined. Valid until the next call of any member.</summary>
    /// <exception cref="OutOfMemoryException">The system has none.</exception>
    public Span<byte> Borrow(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        if (lengthBytes > _capacityBytes)
        {
            Free();

            if (!_spare.TryTake(lengthBytes, out _memory, out _capacityBytes))
            {
                // Whole 64 KiB, so that pieces of slowly growing length do not allocate each time.
                int capacityBytes = (int)Math.Min(((long)lengthBytes + 0xFFFF) & ~0xFFFFL, int.MaxValue);
                _memory = NativeMemory.AlignedAlloc((nuint)capacityBytes, FramePool.AlignmentBytes);
                _capacityBytes = capacityBytes;
            }
        }

        // SAFETY: the memory is at least as long, and stays allocated until the next call, which the caller makes.
        return new Span<byte>(_memory, lengthBytes);
    }

    /// <summary>Gives the memory away when there is more of it than this: to the next buffer that grows, or back to the system.</summary>
    public void TrimTo(int keepBytes)
    {
        if (_capacityBytes > keepBytes && _spare.TryKeep(_memory, _capacityBytes))
        {
            _memory = null;
            _capacityBytes = 0;
        }
        else if (_capacityBytes > keepBytes)
        {
            Free();
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _capacityBytes = 0;
    }
}
