namespace VirtualEmFs.Vfs.Reading;

/// <summary>Budgets of the read engine.</summary>
/// <param name="CacheLengthBytes">Decoded blocks kept for later readers; 0 keeps none.</param>
/// <param name="DecodeLengthBytes">Blocks being decoded for which the cache has no room.</param>
/// <param name="Threads">Threads that compute at once.</param>
/// <param name="ServeDamaged">A read ends at the first byte of a damaged frame, instead of failing as a whole.</param>
public sealed record ReadEngineOptions(
    long CacheLengthBytes = 1L << 30, long DecodeLengthBytes = 512L << 20, int Threads = 2, bool ServeDamaged = false);
