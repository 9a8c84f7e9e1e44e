using System.Collections.Immutable;
using System.IO.Compression;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Codecs;

/// <summary>
/// Decodes chunks whose samples are known, on the paths that this processor will use, before anyone's data passes through them.
/// </summary>
/// <remarks>
/// A machine on which they come out wrong must not serve pixels. It also compiles those paths, a tenth of a second of
/// work that would otherwise fall into the first reads of a mount.
/// </remarks>
public static class DecoderCheck
{
    // A chunk of EMAN2's: 8 rows of 4096 samples.
    private const int ChunkLengthBytes = 8 * 4096;

    private static readonly Rescale s_rescale = new(-4f, 3.75f, 5);

    /// <exception cref="InvalidDataException">Something came out wrong; the message names what.</exception>
    public static void Run()
    {
        byte[] samples = Noise();
        CheckPieces(samples, FilterKind.Deflate, ZLibCompressionStrategy.Default);
        CheckPieces(samples, FilterKind.Deflate, ZLibCompressionStrategy.HuffmanOnly);
        CheckPieces(Shuffled(samples), FilterKind.Shuffle, ZLibCompressionStrategy.Default, samples);
        CheckRescale(samples, SampleType.UInt8);
        CheckRescale(samples, SampleType.UInt16);
    }

    private static void CheckPieces(byte[] stored, FilterKind first, ZLibCompressionStrategy strategy, byte[]? expected = null)
    {
        expected ??= stored;
        byte[] piece = Compress(stored, strategy);
        const int PieceCount = 4;
        byte[] run = [.. piece, .. piece, .. piece, .. piece];
        byte[] block = new byte[PieceCount * ChunkLengthBytes];
        ImmutableArray<FilterStep> steps = first == FilterKind.Shuffle
            ? [new FilterStep(FilterKind.Shuffle, [2]), new FilterStep(FilterKind.Deflate)]
            : [new FilterStep(FilterKind.Deflate)];
        var queue = new KnownPieces(piece.Length, PieceCount);
        PieceBatch.Decode(new Pipeline(steps), run, block, ref queue);
        for (int i = 0; i < PieceCount; i++)
        {
            if (!block.AsSpan(i * ChunkLengthBytes, ChunkLengthBytes).SequenceEqual(expected))
            {
                throw new InvalidDataException($"a {first} chunk ({strategy}) decodes to other samples than were stored");
            }
        }
    }

    private static void CheckRescale(byte[] samples, SampleType type)
    {
        float[] values = new float[samples.Length / type.LengthBytes()];
        RescaleKernels.ToFloat32(samples, type, s_rescale, values);
        for (int i = 0; i < values.Length; i++)
        {
            float sample = type == SampleType.UInt8 ? samples[i] : BitConverter.ToUInt16(samples, 2 * i);
            if (BitConverter.SingleToUInt32Bits(values[i]) != BitConverter.SingleToUInt32Bits(s_rescale.Apply(sample)))
            {
                throw new InvalidDataException($"a {type} sample of {sample} rescales to {values[i]}");
            }
        }
    }

    /// <summary>5-bit samples, bell-shaped as a truncated micrograph's are.</summary>
    private static byte[] Noise()
    {
        byte[] samples = new byte[ChunkLengthBytes];
        var random = new Random(4096);
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (byte)(random.Next(8) + random.Next(8) + random.Next(9) + random.Next(9));
        }

        return samples;
    }

    private static byte[] Shuffled(byte[] samples)
    {
        byte[] shuffled = new byte[samples.Length];
        int half = samples.Length / 2;
        for (int i = 0; i < half; i++)
        {
            (shuffled[i], shuffled[half + i]) = (samples[2 * i], samples[(2 * i) + 1]);
        }

        return shuffled;
    }

    private static byte[] Compress(byte[] samples, ZLibCompressionStrategy strategy)
    {
        using var stored = new MemoryStream();
        using (var zlib = new ZLibStream(stored, new ZLibCompressionOptions { CompressionLevel = 6, CompressionStrategy = strategy }))
        {
            zlib.Write(samples);
        }

        return stored.ToArray();
    }

    /// <summary>The same piece several times, side by side in run and block.</summary>
    private struct KnownPieces(int storedLengthBytes, int count) : IPieceQueue
    {
        private int _next;

        public bool TryNext(out int index, out PieceTask task)
        {
            index = _next;
            task = new PieceTask(index * storedLengthBytes, storedLengthBytes, 0, index * ChunkLengthBytes, ChunkLengthBytes);
            return _next++ < count;
        }

        public readonly void Complete(int index, DecodeOutcome outcome, ReadOnlySpan<byte> decoded, Span<byte> block)
        {
            if (outcome.Damage is string reason)
            {
                throw new InvalidDataException($"a chunk of known samples does not decode: {reason}");
            }
        }
    }
}
