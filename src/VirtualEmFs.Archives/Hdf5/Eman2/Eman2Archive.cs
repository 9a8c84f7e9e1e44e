using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>One image of an archive, from its headers alone.</summary>
/// <param name="HeaderHolder">The object that carries its attributes.</param>
internal sealed record Eman2Image(int Number, Hdf5Object HeaderHolder, DatasetFrames Frames, Rescale Rescale);

/// <summary>
/// What is kept of a probed archive so that its images are found again without a search: <see cref="ArchiveDescription.FormatState"/>.
/// </summary>
/// <param name="IsLegacy">EMAN1's layout: datasets directly in the root group, attributes on them, no rescaling.</param>
internal sealed record Eman2Archive(Superblock Superblock, ImageDirectory Images, bool IsLegacy)
{
    /// <summary>What is recorded of frames that read in another MRC mode than 2; null where none do.</summary>
    public ModeRecord? ModeRecord { get; init; }

    /// <summary>Reads the headers of an image.</summary>
    /// <exception cref="Hdf5FormatException">The image is missing or damaged.</exception>
    public Eman2Image ReadImage(Hdf5File file, int number)
    {
        if (!Images.TryGetAddress(number, out long address))
        {
            throw new Hdf5FormatException($"image {number} does not exist");
        }

        Hdf5Object image = file.Open(address);
        Hdf5Object? dataset = IsLegacy ? image : file.Find(image, "image");
        if (dataset is not { IsDataset: true })
        {
            throw new Hdf5FormatException($"image {number} has a header but no samples");
        }

        var frames = new DatasetFrames(new Hdf5Dataset(dataset), Superblock.BaseOffset);
        return new Eman2Image(number, image, frames, IsLegacy ? Rescale.None : StoredLimits.Read(image));
    }
}
