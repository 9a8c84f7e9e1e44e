using System.Runtime.InteropServices;

namespace VirtualEmFs.Frames;

/// <summary>
/// One piece of aligned native memory with its reference count: what a <see cref="FrameLease"/> points at. The object goes back to the
/// pool with its memory, so that steady reuse allocates nothing.
/// </summary>
internal sealed unsafe class FrameMemory(FramePool pool, void* address, int capacityBytes)
{
    // Generation in the upper half, references in the lower: one word, so that a lease that has outlived its memory is noticed
    // in the same step that would have counted it.
    private long _state;

    public int CapacityBytes => capacityBytes;

    public void* Address => address;

    /// <summary>Length asked for by the present renter.</summary>
    public int LengthBytes { get; private set; }

    /// <summary>Starts a new generation with one reference. Only the pool calls it, on memory that nobody holds.</summary>
    public int Begin(int lengthBytes)
    {
        LengthBytes = lengthBytes;
        int generation = unchecked((int)(Volatile.Read(ref _state) >> 32) + 1);
        Volatile.Write(ref _state, ((long)generation << 32) | 1);
        return generation;
    }

    public bool IsHeld(int generation)
    {
        long state = Volatile.Read(ref _state);
        return (int)(state >> 32) == generation && (uint)(state & uint.MaxValue) != 0;
    }

    public void AddReference(int generation) => ObjectDisposedException.ThrowIf(!TryAddReference(generation), typeof(FrameLease));

    public bool TryAddReference(int generation)
    {
        long state;
        do
        {
            state = Volatile.Read(ref _state);
            if (!IsSame(state, generation))
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _state, state + 1, state) != state);
        return true;
    }

    public void Release(int generation)
    {
        long state;
        do
        {
            ThrowUnlessHeld(generation);
            state = Volatile.Read(ref _state);
        }
        while (!IsSame(state, generation) || Interlocked.CompareExchange(ref _state, state - 1, state) != state);

        if ((state & uint.MaxValue) == 1)
        {
            pool.Return(this);
        }
    }

    public void Free() => NativeMemory.AlignedFree(address);

    private static bool IsSame(long state, int generation) =>
        (int)(state >> 32) == generation && (state & uint.MaxValue) != 0;

    private void ThrowUnlessHeld(int generation) =>
        ObjectDisposedException.ThrowIf(!IsHeld(generation), typeof(FrameLease));
}
