namespace VirtualEmFs.Codecs;

/// <summary>How a decoder ended: bytes written, or why the data cannot be what it claims to be.</summary>
/// <param name="LengthBytes">Bytes written to the destination; 0 when damaged.</param>
/// <param name="Damage">Null when all is well; otherwise what is wrong, to follow a path in a sentence.</param>
public readonly record struct DecodeOutcome(int LengthBytes, string? Damage)
{
    /// <summary>True when the data decoded.</summary>
    public bool IsSound => Damage is null;

    internal static DecodeOutcome Done(int lengthBytes) => new(lengthBytes, null);

    internal static DecodeOutcome Damaged(string reason) => new(0, reason);
}
