namespace VirtualEmFs.Frames.Mrc;

/// <summary>A run of a file's payload, and the samples that must be known to make it.</summary>
/// <param name="FirstSample">First sample needed, counted through all frames.</param>
/// <param name="SampleCount">Samples needed.</param>
public readonly record struct MrcSampleRange(long FirstSample, int SampleCount);

/// <summary>Turns float32 samples back into the bytes of a file of another mode or byte order.</summary>
/// <remarks>
/// Pure; any thread. Integers keep their low bits, so a byte that was read as signed and one that was read as unsigned both
/// come back as they were (semantics.md, Reading: mode 0).
/// </remarks>
public static class MrcSamples
{
    /// <summary>The samples behind a run of payload bytes.</summary>
    /// <param name="payloadOffset">First byte, counted from the end of the headers.</param>
    /// <param name="lengthBytes">At least 1; the run lies inside the payload.</param>
    public static MrcSampleRange RangeOf(in MrcByteMap map, long payloadOffset, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadOffset);
        ArgumentOutOfRangeException.ThrowIfLessThan(lengthBytes, 1);
        long first = SampleAt(map, payloadOffset).First;
        long end = SampleAt(map, payloadOffset + lengthBytes - 1).End;
        return new MrcSampleRange(first, checked((int)(end - first)));
    }

    /// <summary>Writes a run of payload bytes.</summary>
    /// <param name="samples">Those of <see cref="RangeOf"/> for the same run.</param>
    public static void Write(in MrcByteMap map, ReadOnlySpan<float> samples, long payloadOffset, Span<byte> destination)
    {
        long firstSample = SampleAt(map, payloadOffset).First;
        Span<byte> encoded = stackalloc byte[4];
        for (int i = 0; i < destination.Length;)
        {
            long at = payloadOffset + i;
            (long first, long end, int byteInSample) = SampleAt(map, at);
            int index = (int)(first - firstSample);
            int encodedLengthBytes = Encode(map.Format, samples[index..(int)(end - firstSample)], encoded);
            int taken = Math.Min(encodedLengthBytes - byteInSample, destination.Length - i);
            encoded.Slice(byteInSample, taken).CopyTo(destination[i..]);
            i += taken;
        }
    }

    /// <summary>The samples that share the byte at an offset, and which byte of theirs it is.</summary>
    private static (long First, long End, int ByteInSample) SampleAt(in MrcByteMap map, long payloadOffset)
    {
        int nx = map.Shape.Nx;
        if (map.Format.SampleBits >= 8)
        {
            (long sample, long byteInSample) = Math.DivRem(payloadOffset, map.Format.SampleBits / 8);
            return (sample, sample + 1, (int)byteInSample);
        }

        (long row, long byteInRow) = Math.DivRem(payloadOffset, map.RowLengthBytes);
        long first = (row * nx) + (byteInRow * 2);
        // The last byte of a row of odd length holds one sample.
        return (first, Math.Min(first + 2, (row + 1) * nx), 0);
    }

    private static int Encode(MrcSampleFormat format, ReadOnlySpan<float> samples, Span<byte> destination)
    {
        uint bits;
        int lengthBytes = Math.Max(1, format.SampleBits / 8);
        unchecked
        {
            bits = format.Mode switch
            {
                2 => BitConverter.SingleToUInt32Bits(samples[0]),
                12 => BitConverter.HalfToUInt16Bits((Half)samples[0]),
                MrcSampleFormat.PackedNibblesMode =>
                    ((uint)(int)samples[0] & 15) | (samples.Length > 1 ? ((uint)(int)samples[1] & 15) << 4 : 0),
                _ => (uint)(int)MathF.Round(samples[0]),
            };
            for (int i = 0; i < lengthBytes; i++)
            {
                int place = format.IsBigEndian ? lengthBytes - 1 - i : i;
                destination[i] = (byte)(bits >> (8 * place));
            }
        }

        return lengthBytes;
    }
}
