namespace VirtualEmFs.Frames;

/// <summary>
/// Bounds how many threads compute at once, so that more threads than cores may wait for the disk.
/// </summary>
/// <remarks>Any thread. A slot is held only across computation, never across I/O.</remarks>
public sealed class DecodeSlots(int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count, count);

    /// <summary>Slots in all.</summary>
    public int Count => count;

    /// <summary>Waits for a slot; dispose the result to give it back.</summary>
    public Slot Enter()
    {
        _free.Wait();
        return new Slot(_free);
    }

    public void Dispose() => _free.Dispose();

    /// <summary>A slot held; dispose exactly once.</summary>
    public readonly ref struct Slot(SemaphoreSlim free)
    {
        public void Dispose() => free.Release();
    }
}
