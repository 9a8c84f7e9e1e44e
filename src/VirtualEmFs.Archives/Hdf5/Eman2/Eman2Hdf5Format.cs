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
            using var hdf5 = new Hdf5File(file, ((Eman2Archive)folder.FormatState!).Superblock);
            return new Eman2Probe(file, folder.Files[0], hdf5).RunMember(folder, imageNumber);
        });

    public FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description) => new Eman2FrameMap(files[0], description);
}
