using VirtualEmFs.Archives.Eer;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Archives.Mrcz;
using VirtualEmFs.Archives.Tiff;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>All formats that this program reads, in the order in which they are tried.</summary>
/// <remarks>Any thread.</remarks>
public sealed class ArchiveFormats : IArchiveFormats
{
    // Enough for every format's signature.
    private const int FirstBytesLength = 64;

    /// <summary>What <see cref="Probe(string)"/> says of a file that no format takes for its own.</summary>
    internal const string NoKnownFormat = "the file is no archive of a known format";

    private readonly IArchiveFormat[] _formats;

    public ArchiveFormats()
        : this(FormatOptions.Default)
    {
    }

    /// <param name="options">How archives are presented, where there is a choice.</param>
    public ArchiveFormats(FormatOptions options)
    {
        var eer = new EerFormat(options);
        _formats = [new Eman2Hdf5Format(), new TiffFormat(eer), eer, new MrczFormat(options)];
        if (options.PresentsMrcAsSingle)
        {
            // First: what is called .mrc is taken for nothing else.
            _formats = [new MrcFormat(options), .. _formats];
        }
    }

    public ProbeResult Probe(string path)
    {
        try
        {
            using SourceFile file = SourceFile.Open(path);
            ProbeResult result;
            try
            {
                result = Probe(file, path);
            }
            catch (ArchiveException) when (HasChanged(file))
            {
                return ProbeResult.BeingWritten();
            }

            // What was found is worth something only if all of it was read from one version.
            return HasChanged(file) ? ProbeResult.BeingWritten() : result;
        }
        catch (ArchiveException e)
        {
            return ProbeResult.Broken(e.Reason);
        }
    }

    public ArchiveDescription DescribeMember(ArchiveDescription folder, int imageNumber)
    {
        using SourceFile file = SourceFile.Open(folder.Files[0]);
        file.CheckUnchanged(folder.Version);
        ArchiveDescription description = FormatOf(folder).DescribeMember(file, folder, imageNumber);
        file.CheckUnchanged(folder.Version);
        return description;
    }

    public IArchive Open(ArchiveDescription description)
    {
        var files = new List<SourceFile>();
        try
        {
            foreach (string path in description.Files)
            {
                files.Add(SourceFile.Open(path));
            }

            files[0].CheckUnchanged(description.Version);
            var archive = new MappedArchive(description, FormatOf(description).OpenMap(files, description), files);
            files = [];
            return archive;
        }
        finally
        {
            foreach (SourceFile file in files)
            {
                file.Dispose();
            }
        }
    }

    private ProbeResult Probe(SourceFile file, string path)
    {
        Span<byte> firstBytes = stackalloc byte[FirstBytesLength];
        firstBytes = firstBytes[..file.Read(0, firstBytes)];
        foreach (IArchiveFormat format in _formats)
        {
            if (format.Recognises(firstBytes, path))
            {
                return format.Probe(file, path);
            }
        }

        return ProbeResult.NoImages(NoKnownFormat);
    }

    private static bool HasChanged(SourceFile file) => file.CurrentVersion() != file.Version;

    private IArchiveFormat FormatOf(ArchiveDescription description) =>
        Array.Find(_formats, format => format.Name == description.Format)
        ?? throw new ArgumentException($"{description.Format} is no format of this program", nameof(description));
}
