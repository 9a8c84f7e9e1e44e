using System.Collections.Concurrent;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs;

/// <summary>Frames whose bytes tell version and place, so that a mixture shows.</summary>
internal sealed class FakeReader(FakeSourceTree source) : IFrameReader
{
    private int _openCount;

    /// <summary>Frames that cannot be decoded, by path; noticed at the first read that touches one.</summary>
    public ConcurrentDictionary<string, int> BadFrames { get; } = new();

    /// <summary>Answer reads up to the bad frame instead of failing them, as the engine does for served archives.</summary>
    public bool EndsAtDamage { get; set; }

    public int OpenCount => Volatile.Read(ref _openCount);

    public IFrameFile Open(ArchiveDescription description)
    {
        if (source.VersionOf(description.Files[0]) != description.Version)
        {
            throw new ArchiveChangedException(description.Files[0]);
        }

        Interlocked.Increment(ref _openCount);
        return new FrameFile(this, description);
    }

    /// <summary>The payload byte at an offset.</summary>
    public static byte ByteAt(SourceVersion version, long payloadOffset) =>
        unchecked((byte)((payloadOffset * 31) + (version.MtimeNs / 1_000_000) + (long)version.Inode));

    private sealed class FrameFile(FakeReader reader, ArchiveDescription description) : IFrameFile
    {
        public ArchiveDescription Description => description;

        public ArchiveDamage? FirstDamage { get; private set; }

        public void Read(ReadOnlyMemory<byte> prefix, long payloadOffset, int lengthBytes, IReadReply reply)
        {
            long frameLengthBytes = description.Shape.FrameLengthSamples * 4;
            long badOffset = reader.BadFrames.TryGetValue(description.Files[0], out int bad) ? bad * frameLengthBytes : long.MaxValue;
            if (payloadOffset + lengthBytes > badOffset && payloadOffset < badOffset + frameLengthBytes)
            {
                FirstDamage = new ArchiveDamage(bad, "a chunk is damaged");
                lengthBytes = (int)Math.Max(0, badOffset - payloadOffset);
                if (!reader.EndsAtDamage || (lengthBytes == 0 && prefix.IsEmpty))
                {
                    reply.Fail(VfsStatus.Corrupt);
                    return;
                }
            }

            byte[] bytes = new byte[prefix.Length + lengthBytes];
            prefix.CopyTo(bytes);
            for (int i = 0; i < lengthBytes; i++)
            {
                bytes[prefix.Length + i] = ByteAt(description.Version, payloadOffset + i);
            }

            reply.Data(bytes);
        }

        public void Dispose() => Interlocked.Decrement(ref reader._openCount);
    }
}
