using VirtualEmFs.Codecs.Blosc;
using VirtualEmFs.Codecs.Hdf5Filters;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Codecs;

/// <summary>
/// Decodes one stored piece: runs its pipeline backwards, from stored bytes to samples.
/// </summary>
/// <remarks>
/// Any thread; intermediate data lie in native scratch memory of the thread. Never throws for what the data are, and never
/// writes outside the destination. Parameters of the steps: shuffle and byte swap have the element's length in bytes; n-bit,
/// scale-offset and bitshuffle have HDF5's client values; a predictor has its TIFF number, the samples of a row and the length of a sample; EER has
/// its <see cref="EerGroup"/>; the others none.
/// </remarks>
public static class PiecePipeline
{
    // What a thread keeps between pieces; a larger piece's scratch is freed after it. 4 MiB: blocks are at most about 1 MiB, and
    // pieces seldom more.
    private const int KeptScratchBytes = 4 << 20;

    // HDF5's own limit; the filter mask has as many bits.
    private const int LongestPipeline = 32;

    [ThreadStatic]
    private static ScratchBuffer? t_even;

    [ThreadStatic]
    private static ScratchBuffer? t_odd;

    /// <summary>Why a pipeline cannot be decoded; null when it can.</summary>
    public static string? FindUnsupported(Pipeline pipeline)
    {
        if (pipeline.Steps.Length > LongestPipeline)
        {
            return "a pipeline of more than 32 filters is not supported";
        }

        foreach (var step in pipeline.Steps)
        {
            if (FindUnsupported(step) is string reason)
            {
                return reason;
            }
        }

        return null;
    }

    /// <summary>Decodes a piece.</summary>
    /// <param name="filterMask">Bit i set: step i was skipped when the piece was stored.</param>
    /// <param name="stored">The piece's bytes as they lie in the archive.</param>
    /// <param name="destination">Exactly the piece's samples: a piece that decodes to more or less is damaged. Undefined unless
    /// the outcome is sound. Must not overlap <paramref name="stored"/>.</param>
    public static DecodeOutcome Decode(Pipeline pipeline, uint filterMask, ReadOnlySpan<byte> stored, Span<byte> destination)
    {
        if (FindUnsupported(pipeline) is string reason)
        {
            return DecodeOutcome.Damaged(reason);
        }

        var steps = pipeline.Steps;
        uint open = OpenSteps(steps.Length, filterMask);
        var current = stored;
        bool isInDestination = false;
        bool isOdd = false;
        while (open != 0)
        {
            int last = 31 - int.CreateTruncating(uint.LeadingZeroCount(open));
            open &= ~(1u << last);
            var step = steps[last];
            DecodeOutcome outcome;
            if (step.Kind == FilterKind.Fletcher32)
            {
                outcome = Fletcher32.Verify(current);
                current = current[..outcome.LengthBytes];
            }
            else
            {
                var output = destination;
                if (open != 0)
                {
                    var scratch = isOdd ? t_odd ??= new ScratchBuffer() : t_even ??= new ScratchBuffer();
                    isOdd = !isOdd;
                    long longest = step.Kind == FilterKind.ReverseBits ? current.Length : LongestInput(steps.AsSpan()[..last], open, destination.Length);
                    if (longest > int.MaxValue)
                    {
                        return DecodeOutcome.Damaged("the piece is too long");
                    }

                    output = scratch.Borrow((int)longest);
                }

                outcome = DecodeStep(step, current, output);
                current = output[..outcome.LengthBytes];
                isInDestination = open == 0;
            }

            if (!outcome.IsSound)
            {
                return outcome;
            }
        }

        var result = CheckLength(current.Length, destination.Length);
        if (result.IsSound && !isInDestination)
        {
            current.CopyTo(destination);
        }

        t_even?.TrimTo(KeptScratchBytes);
        t_odd?.TrimTo(KeptScratchBytes);
        return result;
    }

    /// <summary>Bytes beyond which no sound piece is stored: what claims more is damaged.</summary>
    public static long LongestStoredBytes(Pipeline pipeline, long decodedLengthBytes)
    {
        foreach (var step in pipeline.Steps)
        {
            // Sums of many frames: their length has nothing to do with that of the sum.
            if (step.Kind == FilterKind.Eer)
            {
                return int.MaxValue;
            }
        }

        // LZW codes of 12 bits for every byte are the least that any compression makes of noise.
        return (2 * decodedLengthBytes) + 65536;
    }

    /// <summary>A piece is sound only when it decodes to its own length.</summary>
    internal static DecodeOutcome CheckLength(int decodedLengthBytes, int lengthBytes) => decodedLengthBytes == lengthBytes
        ? DecodeOutcome.Done(lengthBytes)
        : DecodeOutcome.Damaged($"a piece decodes to {decodedLengthBytes} bytes instead of {lengthBytes}");

    /// <summary>The most bytes that a writer can have handed to a step of a pipeline.</summary>
    internal static int LongestInput(Pipeline pipeline, int step, uint filterMask, int pieceLengthBytes) => (int)Math.Min(
        LongestInput(pipeline.Steps.AsSpan()[..step], ~filterMask, pieceLengthBytes), int.MaxValue);

    private static uint OpenSteps(int count, uint filterMask) =>
        count == 0 ? 0 : (uint.MaxValue >> (LongestPipeline - count)) & ~filterMask;

    // What a writer can have handed to a step: the piece, and what the steps before it may have added.
    private static long LongestInput(ReadOnlySpan<FilterStep> earlierSteps, uint open, int pieceLengthBytes)
    {
        long longest = pieceLengthBytes;
        for (int i = 0; i < earlierSteps.Length; i++)
        {
            longest += ((open >> i) & 1) == 0
                ? 0
                : earlierSteps[i].Kind switch
                {
                    FilterKind.Shuffle or FilterKind.ByteSwap or FilterKind.Predictor => 0,
                    FilterKind.UnpackNibbles => -(longest / 2),
                    FilterKind.Fletcher32 => Fletcher32.LengthBytes,

                    // No compression in use adds more than this to data that do not shrink.
                    _ => (longest >> 4) + 4096,
                };
        }

        return longest;
    }

    private static string? FindUnsupported(FilterStep step) => step.Kind switch
    {
        FilterKind.Deflate or FilterKind.Fletcher32 => null,
        FilterKind.Shuffle or FilterKind.ByteSwap => step.Parameters is [>= 1, ..] ? null : "a filter lacks the length of an element",
        FilterKind.Zstd or FilterKind.Blosc or FilterKind.Xz or FilterKind.Lzw or FilterKind.PackBits => null,
        FilterKind.UnpackNibbles or FilterKind.ReverseBits or FilterKind.Eer => null,
        FilterKind.Predictor => Predictor.FindUnsupported(step.Parameters.AsSpan()),
        FilterKind.Lz4 or FilterKind.Lzf => null,
        FilterKind.Bitshuffle => Bitshuffle.FindUnsupported(step.Parameters.AsSpan()),
        FilterKind.NBit => NBit.FindUnsupported(step.Parameters.AsSpan()),
        FilterKind.ScaleOffset => ScaleOffset.FindUnsupported(step.Parameters.AsSpan()),
        _ => $"the compression {step.Kind} is not supported here",
    };

    private static DecodeOutcome DecodeStep(FilterStep step, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var parameters = step.Parameters.AsSpan();
        switch (step.Kind)
        {
            case FilterKind.Deflate:
                return DeflateDecoder.Decode(source, destination);
            case FilterKind.Zstd:
                return ZstdDecoder.Decode(source, destination);
            case FilterKind.Blosc:
                return BloscDecoder.Decode(source, destination);
            case FilterKind.Xz:
                return XzDecoder.Decode(source, destination);
            case FilterKind.Lzw:
                return Lzw.Decode(source, destination);
            case FilterKind.PackBits:
                return PackBits.Decode(source, destination);
            case FilterKind.Lz4:
                return Lz4Blocks.Decode(source, destination);
            case FilterKind.Lzf:
                return Lzf.Decode(source, destination);
            case FilterKind.Bitshuffle:
                return Bitshuffle.Decode(source, parameters, destination);
            case FilterKind.Predictor:
                return Predictor.Decode(source, parameters, destination);
            case FilterKind.Eer:
                return EerRenderer.Render(EerGroup.FromStep(step), source, destination, out _);
            case FilterKind.UnpackNibbles when source.Length * 2L <= destination.Length:
                BitKernels.UnpackNibbles(source, destination[..(source.Length * 2)]);
                return DecodeOutcome.Done(source.Length * 2);
            case FilterKind.ReverseBits when source.Length <= destination.Length:
                BitKernels.ReverseBits(source, destination);
                return DecodeOutcome.Done(source.Length);
            case FilterKind.NBit:
                return NBit.Decode(source, parameters, destination);
            case FilterKind.ScaleOffset:
                return ScaleOffset.Decode(source, parameters, destination);
            case FilterKind.Shuffle when source.Length <= destination.Length:
                ShuffleKernels.Unshuffle(source, parameters[0], destination[..source.Length]);
                return DecodeOutcome.Done(source.Length);
            case FilterKind.ByteSwap when source.Length <= destination.Length:
                source.CopyTo(destination);
                ByteOrder.Swap(destination[..source.Length], parameters[0]);
                return DecodeOutcome.Done(source.Length);
            default:
                return DecodeOutcome.Damaged("the data are longer than one piece");
        }
    }
}
