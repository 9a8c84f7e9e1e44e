namespace VirtualEmFs.Truncation;

/// <summary>The k-th smallest of some float32 samples, by radix: three passes, no sorting, no branches that guess.</summary>
internal static class OrderStatistic
{
    /// <param name="samples">Not NaN; not changed.</param>
    /// <param name="rank">0-based.</param>
    public static float Select(ReadOnlySpan<float> samples, int rank)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, samples.Length);
        Span<int> counts = stackalloc int[2048];
        uint prefix = 0;
        int prefixBits = 0;
        unchecked
        {
            foreach (int digitBits in (ReadOnlySpan<int>)[11, 11, 10])
            {
                counts.Clear();
                int shift = 32 - prefixBits - digitBits;
                uint mask = (1u << digitBits) - 1;
                foreach (float sample in samples)
                {
                    uint key = Key(sample);
                    if ((uint)((ulong)key >> (32 - prefixBits)) == prefix)
                    {
                        counts[(int)((key >> shift) & mask)]++;
                    }
                }

                int digit = 0;
                while (rank >= counts[digit])
                {
                    rank -= counts[digit++];
                }

                prefix = (prefix << digitBits) | (uint)digit;
                prefixBits += digitBits;
            }

            return BitConverter.UInt32BitsToSingle(prefix >= 0x8000_0000 ? prefix ^ 0x8000_0000 : ~prefix);
        }
    }

    /// <summary>Unsigned integers in the order of the floats.</summary>
    private static uint Key(float sample)
    {
        uint bits = BitConverter.SingleToUInt32Bits(sample);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }
}
