using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>An archive's virtual file: header bytes from memory, frames through the frame cache.</summary>
/// <remarks>Any thread; never waits.</remarks>
internal sealed class MrcHandle(
    Node node, ArchiveDescription description, VirtualMrc mrc, IFrameFile frames, bool endsAtDamage, bool isWriter = false) : OpenHandle(node, isWriter)
{
    public ArchiveDescription Description => description;

    public VirtualMrc Mrc => mrc;

    public IFrameFile Frames => frames;

    /// <summary>True when the kernel does not cache the file, so that a read may end early before a damaged frame.</summary>
    public bool EndsAtDamage => endsAtDamage;

    /// <summary>Reads bytes of the file; empty at or past its end.</summary>
    public void Read(long fileOffset, int lengthBytes, IReadReply reply)
    {
        var map = mrc.Map;
        lengthBytes = map.Clip(fileOffset, lengthBytes);
        int headerLengthBytes = (int)Math.Clamp(map.HeaderLengthBytes - fileOffset, 0, lengthBytes);
        var prefix = headerLengthBytes > 0 ? mrc.Header.Slice((int)fileOffset, headerLengthBytes) : default;
        if (lengthBytes == headerLengthBytes)
        {
            reply.Data(prefix.Span);
            return;
        }

        long payloadOffset = fileOffset + headerLengthBytes - map.HeaderLengthBytes;
        int payloadLengthBytes = lengthBytes - headerLengthBytes;
        int elementLengthBytes = map.Format.SampleBits / 8;
        if (!map.Format.IsBigEndian || elementLengthBytes < 2)
        {
            frames.Read(prefix, payloadOffset, payloadLengthBytes, reply);
            return;
        }

        // Frames are rendered little-endian: whole samples are read, and turned on the way out.
        int skippedBytes = (int)(payloadOffset % elementLengthBytes);
        int samples = (skippedBytes + payloadLengthBytes + elementLengthBytes - 1) / elementLengthBytes;
        frames.Read(
            default, payloadOffset - skippedBytes, samples * elementLengthBytes,
            new BigEndianReply(reply, prefix, elementLengthBytes, skippedBytes, payloadLengthBytes));
    }
}
