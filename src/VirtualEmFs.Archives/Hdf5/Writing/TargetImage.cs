using VirtualEmFs.Codecs.Deflating;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>Shape and storage of one image or volume that is to be written.</summary>
/// <param name="Nz">Sections; 0 for a 2-D image.</param>
/// <param name="SampleType">UInt8, UInt16 or Float32.</param>
/// <param name="Level">Deflate level that is declared, 0–9; null stores chunks without a filter.</param>
public sealed record TargetImage(int Nx, int Ny, int Nz, SampleType SampleType, int? Level)
{
    /// <summary>Sections, 1 for a 2-D image.</summary>
    public int SectionCount => Math.Max(1, Nz);

    /// <summary>True when the bytes of samples are stored by significance: the noise of their low bytes then does not hide the rest.</summary>
    public bool IsShuffled => Level is not null && ChunkEncoder.Shuffles(SampleType.LengthBytes());

    /// <summary>How the image is cut into chunks.</summary>
    public ChunkGrid Grid => new(Nx, Ny, SectionCount, SampleType.LengthBytes());

    /// <summary>Bytes of a whole chunk before any filter; edge chunks have as many.</summary>
    public int ChunkLengthBytes => checked(Grid.Sections * Grid.Rows * Nx * SampleType.LengthBytes());
}
