using System.Runtime.InteropServices;

namespace VirtualEmFs.Frames;

/// <summary>Memory of long pieces that no thread needs at the moment, for the next that does.</summary>
/// <param name="mostBytes">Bytes to keep at most.</param>
/// <remarks>Any thread.</remarks>
internal sealed unsafe class SpareMemory(int mostBytes)
{
    // The strips of two threads, of 20 MiB for a frame of 4096 x 4096 samples of 16 bits. To allocate one for each frame costs a fifth
    // of decoding it, since the kernel clears what it gives out (TiffBench).
    private const int MostBytes = 64 << 20;

    private readonly Lock _gate = new();
    private readonly List<(nint Memory, int CapacityBytes)> _spare = []; // guarded by _gate; given away last, last
    private int _spareBytes; // guarded by _gate

    /// <summary>The process's.</summary>
    public static SpareMemory Shared { get; } = new(MostBytes);

    /// <summary>Bytes kept.</summary>
    public int SpareBytes
    {
        get
        {
            lock (_gate)
            {
                return _spareBytes;
            }
        }
    }

    /// <summary>Takes over memory of <see cref="NativeMemory.AlignedAlloc"/>; what has been spare longest is freed for it.</summary>
    /// <returns>False when it is too long to keep: still the caller's.</returns>
    public bool TryKeep(void* memory, int capacityBytes)
    {
        if (capacityBytes > mostBytes)
        {
            return false;
        }

        lock (_gate)
        {
            for (; _spareBytes > mostBytes - capacityBytes; _spare.RemoveAt(0))
            {
                NativeMemory.AlignedFree((void*)_spare[0].Memory);
                _spareBytes -= _spare[0].CapacityBytes;
            }

            _spare.Add(((nint)memory, capacityBytes));
            _spareBytes += capacityBytes;
            return true;
        }
    }

    /// <summary>Memory of at least a length, and at most four times of it; the caller's, who frees it or gives it away again.</summary>
    public bool TryTake(int lengthBytes, out void* memory, out int capacityBytes)
    {
        lock (_gate)
        {
            int place = _spare.FindLastIndex(spare => spare.CapacityBytes >= lengthBytes && spare.CapacityBytes / 4 <= lengthBytes);
            if (place < 0)
            {
                memory = null;
                capacityBytes = 0;
                return false;
            }

            (nint address, capacityBytes) = _spare[place];
            memory = (void*)address;
            _spare.RemoveAt(place);
            _spareBytes -= capacityBytes;
            return true;
        }
    }
}
