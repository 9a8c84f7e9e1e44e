namespace VirtualEmFs.Frames;

/// <summary>An archive that is broken, incomplete or not supported: the message is one sentence for the user.</summary>
public class ArchiveException : IOException
{
    /// <summary>Path of the archive as the user knows it.</summary>
    public string ArchivePath { get; }

    /// <summary>The damaged frame of the virtual file; null when the archive as a whole is concerned.</summary>
    public int? FrameIndex { get; }

    public ArchiveException(string archivePath, string reason, int? frameIndex = null, Exception? inner = null)
        : base(frameIndex is int frame ? $"{archivePath}: frame {frame}: {reason}" : $"{archivePath}: {reason}", inner)
    {
        ArchivePath = archivePath;
        FrameIndex = frameIndex;
        Reason = reason;
    }

    /// <summary>What is wrong, without path and frame.</summary>
    public string Reason { get; }

    /// <summary>The operating system's error number where a disk failed; 0 otherwise, and where it is not known.</summary>
    public int Errno { get; init; }
}

/// <summary>The file is no longer the version that was opened: an open handle answers ESTALE.</summary>
public sealed class ArchiveChangedException(string archivePath)
    : ArchiveException(archivePath, "the file changed while it was being read");
