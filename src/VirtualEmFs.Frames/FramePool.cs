using System.Numerics;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Frames;

/// <summary>
/// Aligned native memory under a byte budget: what decoded blocks live in. Its counter is the budget; memory kept for
/// reuse never stands in the way of a rent that fits.
/// </summary>
/// <remarks>
/// Any thread. Lengths are rounded up to size classes of at most an eighth more, so that memory of nearly equal length is
/// used again. The managed heap sees one small object per native allocation, and none on reuse.
/// </remarks>
public sealed unsafe class FramePool : IDisposable
{
    /// <summary>Alignment of all memory: a cache line, and the widest vector.</summary>
    public const int AlignmentBytes = 64;

    // 4 KiB: below a page the pool's own bookkeeping would outweigh the memory.
    private const int SmallestClassBytes = 4096;
    private const int StepsPerDoubling = 8;
    private const int ClassCount = 20 * StepsPerDoubling;

    private readonly Lock _gate = new();
    private readonly Stack<FrameMemory>?[] _idle = new Stack<FrameMemory>?[ClassCount]; // guarded by _gate
    private long _usedBytes; // guarded by _gate
    private long _idleBytes; // guarded by _gate
    private long _outstandingCount; // guarded by _gate
    private long _allocationCount; // guarded by _gate
    private bool _isDisposed; // guarded by _gate

    /// <param name="budgetBytes">Bytes that may be allocated at once, rented and idle together; zero makes every rent fail.</param>
    public FramePool(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budgetBytes);
        BudgetBytes = budgetBytes;
    }

    /// <summary>Bytes that may be allocated at once.</summary>
    public long BudgetBytes { get; }

    /// <summary>Bytes rented, in whole size classes.</summary>
    public long UsedBytes => Locked(ref _usedBytes);

    /// <summary>Bytes kept for reuse; they count towards the budget, and are freed when a rent needs the room.</summary>
    public long IdleBytes => Locked(ref _idleBytes);

    /// <summary>Bytes allocated at one moment, rented and idle together: never more than the budget.</summary>
    public long AllocatedBytes
    {
        get
        {
            lock (_gate)
            {
                return _usedBytes + _idleBytes;
            }
        }
    }

    /// <summary>Rents whose memory has not come back.</summary>
    public long OutstandingCount => Locked(ref _outstandingCount);

    /// <summary>Native allocations ever made.</summary>
    public long AllocationCount => Locked(ref _allocationCount);

    /// <summary>Bytes of the budget that a rent of this length takes.</summary>
    public static int CapacityFor(int lengthBytes) => CapacityOf(ClassOf(lengthBytes));

    /// <summary>Rents memory if the budget allows it.</summary>
    /// <param name="lengthBytes">1 to 2^30.</param>
    /// <param name="lease">The caller's, to be disposed; contents are undefined. Empty when the result is false.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory although the budget does.</exception>
    public bool TryRent(int lengthBytes, out FrameLease lease)
    {
        int sizeClass = ClassOf(lengthBytes);
        int capacityBytes = CapacityOf(sizeClass);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_usedBytes + capacityBytes > BudgetBytes)
            {
                lease = default;
                return false;
            }

            FrameMemory? memory;
            if (_idle[sizeClass] is { Count: > 0 } idle)
            {
                memory = idle.Pop();
                _idleBytes -= capacityBytes;
            }
            else
            {
                TrimTo(BudgetBytes - _usedBytes - capacityBytes);
                memory = new FrameMemory(this, NativeMemory.AlignedAlloc((nuint)capacityBytes, AlignmentBytes), capacityBytes);
                _allocationCount++;
            }

            _usedBytes += capacityBytes;
            _outstandingCount++;
            lease = new FrameLease(memory, memory.Begin(lengthBytes));
            return true;
        }
    }

    /// <summary>Frees idle memory until no more than this many bytes of it are left.</summary>
    public void Trim(long keepBytes)
    {
        lock (_gate)
        {
            TrimTo(keepBytes);
        }
    }

    /// <summary>Frees idle memory; rented memory is freed as it comes back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            TrimTo(0);
        }
    }

    internal void Return(FrameMemory memory)
    {
        lock (_gate)
        {
            _usedBytes -= memory.CapacityBytes;
            _outstandingCount--;
            if (_isDisposed)
            {
                memory.Free();
                return;
            }

            int sizeClass = ClassOf(memory.CapacityBytes);
            (_idle[sizeClass] ??= new Stack<FrameMemory>()).Push(memory);
            _idleBytes += memory.CapacityBytes;
        }
    }

    // Classes stand at 8/8, 9/8 ... 15/8 of each power of two from 4 KiB on.
    private static int ClassOf(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lengthBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, 1 << 30);
        if (lengthBytes <= SmallestClassBytes)
        {
            return 0;
        }

        int last = lengthBytes - 1;
        int doubling = BitOperations.Log2((uint)last);
        int step = (last >> (doubling - 3)) & (StepsPerDoubling - 1);
        return ((doubling - BitOperations.Log2(SmallestClassBytes)) * StepsPerDoubling) + step + 1;
    }

    private static int CapacityOf(int sizeClass)
    {
        int doubling = BitOperations.Log2(SmallestClassBytes) + (sizeClass / StepsPerDoubling);
        return (1 << (doubling - 3)) * (StepsPerDoubling + (sizeClass % StepsPerDoubling));
    }

    // Held: _gate. The largest go first: they make the most room with the fewest calls.
    private void TrimTo(long keepBytes)
    {
        for (int sizeClass = ClassCount - 1; sizeClass >= 0 && _idleBytes > keepBytes; sizeClass--)
        {
            while (_idleBytes > keepBytes && _idle[sizeClass] is { Count: > 0 } idle)
            {
                var memory = idle.Pop();
                _idleBytes -= memory.CapacityBytes;
                memory.Free();
            }
        }
    }

    private long Locked(ref long counter)
    {
        lock (_gate)
        {
            return counter;
        }
    }
}
