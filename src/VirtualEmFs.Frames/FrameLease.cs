namespace VirtualEmFs.Frames;

/// <summary>
/// A counted reference to memory of a <see cref="FramePool"/>. Whoever holds one may use the memory; the last one disposed gives
/// it back.
/// </summary>
/// <remarks>
/// A copy of the value is the same reference: dispose it once. A second holder takes its own by <see cref="AddReference"/>, while the first
/// is still held. Using a lease after the memory went back throws, even when the pool has rented it to someone else since.
/// Any thread; nothing orders accesses to the bytes themselves.
/// </remarks>
public readonly struct FrameLease : IDisposable, IEquatable<FrameLease>
{
    private readonly FrameMemory? _memory;
    private readonly int _generation;

    internal FrameLease(FrameMemory memory, int generation) => (_memory, _generation) = (memory, generation);

    /// <summary>True for the value that refers to nothing.</summary>
    public bool IsEmpty => _memory is null;

    /// <summary>Bytes asked for when the memory was rented; 0 for the empty lease.</summary>
    public int LengthBytes => _memory?.LengthBytes ?? 0;

    /// <summary>The memory, aligned to 64 bytes. Do not keep it longer than the lease.</summary>
    /// <exception cref="ObjectDisposedException">The memory went back to the pool.</exception>
    public unsafe Span<byte> Span
    {
        get
        {
            if (_memory is null)
            {
                return [];
            }

            ObjectDisposedException.ThrowIf(!_memory.IsHeld(_generation), typeof(FrameLease));

            // SAFETY: the memory is allocated with at least LengthBytes, and stays so while the caller's reference counts.
            return new Span<byte>(_memory.Address, _memory.LengthBytes);
        }
    }

    /// <summary>Another reference to the same memory, to be disposed by its own holder.</summary>
    /// <exception cref="ObjectDisposedException">The memory went back to the pool.</exception>
    public FrameLease AddReference()
    {
        _memory?.AddReference(_generation);
        return this;
    }

    /// <summary>Another reference as by <see cref="AddReference"/>, unless the memory went back to the pool: for a holder that may lose
    /// its lease to another thread, such as a cache whose entry is evicted.</summary>
    public bool TryAddReference() => _memory is not null && _memory.TryAddReference(_generation);

    /// <summary>Gives this reference up; the last one returns the memory.</summary>
    /// <exception cref="ObjectDisposedException">The memory had already gone back to the pool.</exception>
    public void Dispose() => _memory?.Release(_generation);

    public bool Equals(FrameLease other) => ReferenceEquals(_memory, other._memory) && _generation == other._generation;

    public override bool Equals(object? obj) => obj is FrameLease other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_memory, _generation);

    public static bool operator ==(FrameLease left, FrameLease right) => left.Equals(right);

    public static bool operator !=(FrameLease left, FrameLease right) => !left.Equals(right);
}
