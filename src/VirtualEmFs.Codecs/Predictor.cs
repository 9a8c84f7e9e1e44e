using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Codecs;

/// <summary>Undoes TIFF's predictors, by which each sample of a row is stored as its difference from the one before.</summary>
/// <remarks>Pure; any thread. Rows are independent; a last row that is cut short is undone as far as it goes.</remarks>
public static class Predictor
{
    /// <summary>Why a step cannot be undone; null when it can.</summary>
    /// <param name="parameters">2 or 3, the samples of a row, the length of a sample in bytes.</param>
    internal static string? FindUnsupported(ReadOnlySpan<int> parameters) => parameters switch
    {
        [2, >= 1, 1 or 2 or 4 or 8] or [3, >= 1, 2 or 4 or 8] => null,
        _ => "a predictor of this kind is not supported",
    };

    /// <summary>Undoes a step.</summary>
    internal static DecodeOutcome Decode(ReadOnlySpan<byte> source, ReadOnlySpan<int> parameters, Span<byte> destination)
    {
        (int rowLengthSamples, int sampleLengthBytes) = (parameters[1], parameters[2]);
        if (source.Length > destination.Length || source.Length % ((long)rowLengthSamples * sampleLengthBytes) != 0)
        {
            return DecodeOutcome.Damaged("the data are not whole rows");
        }

        destination = destination[..source.Length];
        source.CopyTo(destination);
        if (parameters[0] == 2)
        {
            UndoHorizontal(destination, rowLengthSamples, sampleLengthBytes);
        }
        else
        {
            UndoFloatingPoint(destination, rowLengthSamples, sampleLengthBytes);
        }

        return DecodeOutcome.Done(source.Length);
    }

    /// <summary>Undoes predictor 2: differences of whole samples, modulo 2 to the power of their bits (TIFF 6.0, section 14).</summary>
    /// <param name="samples">Differences in the machine's byte order, replaced by the samples; floats count as integers.</param>
    /// <param name="rowLengthSamples">Samples of a row.</param>
    /// <param name="sampleLengthBytes">1, 2, 4 or 8.</param>
    public static void UndoHorizontal(Span<byte> samples, int rowLengthSamples, int sampleLengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLengthSamples, 1);
        int rowLengthBytes = checked(rowLengthSamples * sampleLengthBytes);
        for (; !samples.IsEmpty; samples = samples[Math.Min(rowLengthBytes, samples.Length)..])
        {
            var row = samples[..Math.Min(rowLengthBytes, samples.Length)];
            switch (sampleLengthBytes)
            {
                case 1: SumBytes(row); break;
                case 2: SumWords(MemoryMarshal.Cast<byte, ushort>(row)); break;
                case 4: SumScalar(MemoryMarshal.Cast<byte, uint>(row)); break;
                case 8: SumScalar(MemoryMarshal.Cast<byte, ulong>(row)); break;
                default: throw new ArgumentOutOfRangeException(nameof(sampleLengthBytes), sampleLengthBytes, "not the length of a sample");
            }
        }
    }

    /// <summary>
    /// Undoes predictor 3: in each row the samples' bytes lie in planes, most significant first whatever the file's byte order, and each byte
    /// is stored as its difference from the one before (TIFF Technical Note 3).
    /// </summary>
    /// <param name="samples">Stored rows, replaced by samples in the machine's byte order. Whole rows only.</param>
    /// <param name="rowLengthSamples">Samples of a row.</param>
    /// <param name="sampleLengthBytes">2, 4 or 8.</param>
    public static void UndoFloatingPoint(Span<byte> samples, int rowLengthSamples, int sampleLengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLengthSamples, 1);
        int rowLengthBytes = checked(rowLengthSamples * sampleLengthBytes);
        if (samples.Length % rowLengthBytes != 0)
        {
            throw new ArgumentException("the last row is not whole", nameof(samples));
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(rowLengthBytes);
        try
        {
            var planes = rented.AsSpan(0, rowLengthBytes);
            for (; !samples.IsEmpty; samples = samples[rowLengthBytes..])
            {
                var row = samples[..rowLengthBytes];
                SumBytes(row);
                row.CopyTo(planes);
                ShuffleKernels.Unshuffle(planes, sampleLengthBytes, row);
                if (BitConverter.IsLittleEndian)
                {
                    ByteOrder.Swap(row, sampleLengthBytes);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // Running sums by doubling: each step adds the vector to itself moved up by 1, 2, 4, 8 lanes, and then the sum so far. A shuffle
    // moves the lanes; its indices beyond the vector give zeros.
    internal static void SumBytes(Span<byte> row)
    {
        unchecked
        {
            int done = 0;
            if (Vector128.IsHardwareAccelerated)
            {
                ref byte first = ref MemoryMarshal.GetReference(row);
                var carry = Vector128<byte>.Zero;
                for (; done <= row.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
                {
                    var sum = Vector128.LoadUnsafe(ref first, (nuint)done);
                    sum += Vector128.Shuffle(sum, Vector128.Create((byte)255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
                    sum += Vector128.Shuffle(sum, Vector128.Create((byte)255, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
                    sum += Vector128.Shuffle(sum, Vector128.Create((byte)255, 255, 255, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
                    sum += Vector128.Shuffle(sum, Vector128.Create((byte)255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3, 4, 5, 6, 7));
                    sum += carry;
                    sum.StoreUnsafe(ref first, (nuint)done);
                    carry = Vector128.Shuffle(sum, Vector128.Create((byte)15));
                }
            }

            SumScalar(row, done);
        }
    }

    internal static void SumWords(Span<ushort> row)
    {
        unchecked
        {
            int done = 0;
            if (Vector128.IsHardwareAccelerated)
            {
                ref ushort first = ref MemoryMarshal.GetReference(row);
                var carry = Vector128<ushort>.Zero;
                for (; done <= row.Length - Vector128<ushort>.Count; done += Vector128<ushort>.Count)
                {
                    const byte No = 255;
                    var sum = Vector128.LoadUnsafe(ref first, (nuint)done);
                    sum += Move(sum, Vector128.Create(No, No, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
                    sum += Move(sum, Vector128.Create(No, No, No, No, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
                    sum += Move(sum, Vector128.Create(No, No, No, No, No, No, No, No, 0, 1, 2, 3, 4, 5, 6, 7));
                    sum += carry;
                    sum.StoreUnsafe(ref first, (nuint)done);
                    carry = Move(sum, Vector128.Create((byte)14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15));
                }
            }

            SumScalar(row, done);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector128<ushort> Move(Vector128<ushort> lanes, Vector128<byte> bytes) => Vector128.Shuffle(lanes.AsByte(), bytes).AsUInt16();
    }

    internal static void SumScalar<T>(Span<T> row, int done = 0)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        T sum = done == 0 ? T.Zero : row[done - 1];
        for (int sample = done; sample < row.Length; sample++)
        {
            sum = unchecked(sum + row[sample]);
            row[sample] = sum;
        }
    }
}
