using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>EMAN2's HDF5 archives, of every layout that EMAN2 reads (spec/eman2-hdf5.md).</summary>
/// <remarks>Any thread.</remarks>
internal sealed class Eman2Hdf5Format : IArchiveFormat
{
    public string Name => Eman2Describer.FormatName;

    public bool Recognises(ReadOnlySpan<byte> firstBytes, string path) =>
        firstBytes.StartsWith(Superblock.Signature)
        || Path.GetExtension(path).ToUpperInvariant() is ".HDF" or ".H5" or ".HDF5";

    public ProbeResult Probe(SourceFile file, string path)
    {
        try
        {
            using Hdf5File? hdf5 = Hdf5File.TryOpen(file);
            return hdf5 is null ? ProbeResult.NoImages("the file is not HDF5") : new Eman2Probe(file, path, hdf5).Run();
        }
        catch (Exception e) when (Hdf5Guard.IsDamage(e))
        {
            return ProbeResult.Broken(Hdf5Guard.ReasonOf(e));
        }
    }

    public ArchiveDescription DescribeMember(SourceFile file, ArchiveDescription folder, int imageNumber) =>
        Hdf5Guard.Run(file.Path, imageNumber, () =>
        {
            Eman2Archive archive = StateOf(file, folder);
            using var hdf5 = new Hdf5File(file, archive.Superblock);
            return new Eman2Probe(file, folder.Files[0], hdf5).RunMember(archive, imageNumber);
        });

    public FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description) =>
        new Eman2FrameMap(files[0], description, StateOf(files[0], description));

    /// <summary>What the probe left with the description; found again where the description comes from elsewhere.</summary>
    private Eman2Archive StateOf(SourceFile file, ArchiveDescription description)
    {
        if (description.FormatState is Eman2Archive state)
        {
            return state;
        }

        ProbeResult again = Probe(file, description.Files[0]);
        return again.Description is { } found ? (Eman2Archive)found.FormatState! : throw new ArchiveException(file.Path, again.Reason!);
    }
}
