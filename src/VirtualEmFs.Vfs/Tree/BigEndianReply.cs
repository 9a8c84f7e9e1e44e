using System.Buffers;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Turns the bytes of each sample, for files whose program wrote them big-endian and that must come back as they were.</summary>
/// <param name="prefix">Header bytes that stand before the samples, as they are.</param>
/// <param name="sampleLengthBytes">2 or 4.</param>
/// <param name="skippedBytes">Bytes of the first sample that were not asked for.</param>
/// <param name="lengthBytes">Bytes of samples that were asked for.</param>
internal sealed class BigEndianReply(IReadReply reply, ReadOnlyMemory<byte> prefix, int sampleLengthBytes, int skippedBytes, int lengthBytes) : IReadReply
{
    public void Data(ReadOnlySpan<byte> bytes)
    {
        int sampleCount = bytes.Length / sampleLengthBytes;
        byte[] turned = ArrayPool<byte>.Shared.Rent(prefix.Length + bytes.Length);
        try
        {
            // The skipped bytes are written first, and covered by the prefix where there is one (then nothing is skipped).
            var samples = turned.AsSpan(prefix.Length, sampleCount * sampleLengthBytes);
            bytes[..samples.Length].CopyTo(samples);
            for (int i = 0; i < sampleCount; i++)
            {
                samples.Slice(i * sampleLengthBytes, sampleLengthBytes).Reverse();
            }

            prefix.Span.CopyTo(turned);
            int served = Math.Clamp(samples.Length - skippedBytes, 0, lengthBytes);
            reply.Data(turned.AsSpan(skippedBytes, prefix.Length + served));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(turned);
        }
    }

    public void Fail(VfsStatus status) => reply.Fail(status);
}
