namespace VirtualEmFs.Codecs;

/// <summary>Data that a filter left as they were.</summary>
internal static class PlainCopy
{
    public static DecodeOutcome Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (!source.TryCopyTo(destination))
        {
            return DecodeOutcome.Damaged("the data are longer than one piece");
        }

        return DecodeOutcome.Done(source.Length);
    }
}
