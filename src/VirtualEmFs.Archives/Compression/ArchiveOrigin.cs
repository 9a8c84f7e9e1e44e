using VirtualEmFs.Archives.Hdf5;
using VirtualEmFs.Archives.Hdf5.Writing;

namespace VirtualEmFs.Archives.Compression;

/// <summary>What an archive of our own says about the file that it was made from, and about its samples.</summary>
public sealed record ArchiveOrigin
{
    private readonly FrameRecord[] _frames;

    private ArchiveOrigin(Provenance provenance, FrameRecord[] frames, bool isHeaderAsWritten) =>
        (Name, Sha256, _frames, IsHeaderAsWritten) = (provenance.OriginalName, provenance.OriginalSha256, frames, isHeaderAsWritten);

    /// <summary>File name of the original, without folders.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the original's bytes, as hexadecimal digits; null when it was not computed.</summary>
    public string? Sha256 { get; }

    /// <summary>Frames of all images with a record: of a folder, those of all its members in order; 0 when records are missing.</summary>
    public int FrameCount => _frames.Length;

    /// <summary>True when every sample is as it was: none was rounded, and none clamped.</summary>
    public bool IsExact => _frames.Length > 0 && _frames.All(static frame => frame is { LargestError: 0, RmsError: 0, TruncatedCount: 0 });

    /// <summary>False when the checksum of the preserved MRC header, with its mode, is not that of the one that was written.</summary>
    public bool IsHeaderAsWritten { get; }

    /// <summary>What the archive says about a frame.</summary>
    public FrameRecord RecordOf(int frame) => _frames[frame];

    /// <summary>Reads what an archive says; null for archives of other programs.</summary>
    /// <exception cref="Frames.ArchiveException">The file cannot be read, or is damaged.</exception>
    public static ArchiveOrigin? Read(string path)
    {
        using var file = SourceFile.Open(path);
        return Hdf5Guard.Run(path, null, () =>
        {
            using Hdf5File? hdf5 = Hdf5File.TryOpen(file);
            return hdf5 is not null && EarlierProvenance.Read(hdf5) is ({ } provenance, { } frames, var isHeaderAsWritten)
                ? new ArchiveOrigin(provenance, frames, isHeaderAsWritten)
                : null;
        });
    }
}
