using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Ports;

/// <summary>Reads the float32 payload of archives through the frame cache.</summary>
/// <remarks>Any thread.</remarks>
public interface IFrameReader
{
    /// <summary>Opens for reading. Blocking I/O: call from an I/O thread.</summary>
    /// <exception cref="ArchiveChangedException">The file is no longer the described version.</exception>
    /// <exception cref="ArchiveException">The archive cannot be opened.</exception>
    IFrameFile Open(ArchiveDescription description);
}

/// <summary>An archive opened for reading; disposing it waits for nothing, reads under way still reply.</summary>
/// <remarks>Any thread.</remarks>
public interface IFrameFile : IDisposable
{
    ArchiveDescription Description { get; }

    /// <summary>Replies with <paramref name="prefix"/> and the bytes that follow it in the payload, exactly once: at once when they
    /// are cached, else from the thread that decodes them.</summary>
    /// <param name="prefix">Bytes already known (the end of the header), owned by the caller and immutable until the reply.</param>
    /// <param name="payloadOffset">First byte of the float32 payload: frames in file order, rows upwards, x fastest.</param>
    /// <param name="lengthBytes">Bytes of payload, all inside it.</param>
    void Read(ReadOnlyMemory<byte> prefix, long payloadOffset, int lengthBytes, IReadReply reply);

    /// <summary>The first fault that decoding has met so far; null while there is none.</summary>
    ArchiveDamage? FirstDamage { get; }

    /// <summary>From now on a change of the archive's ctime alone is no change: this process itself renames or removes it.</summary>
    /// <param name="mtimeNs">An mtime that it gives the archive, too; null for none.</param>
    void TolerateAttributeChanges(long? mtimeNs = null)
    {
    }
}
