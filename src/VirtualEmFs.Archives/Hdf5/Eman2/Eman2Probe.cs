using System.Collections.Immutable;
using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>Finds out what an archive holds: counts, names, and the headers of at most 64 images.</summary>
internal sealed class Eman2Probe(SourceFile source, string path, Hdf5File file)
{
    // Images whose headers are read: the first, the last, and those between at equal distances.
    private const int ProbedImages = 64;

    private const int ReportedDamage = 64;

    private readonly List<ArchiveDamage> _damage = [];

    /// <summary>Probes the archive as a whole.</summary>
    /// <exception cref="Hdf5FormatException">It is broken.</exception>
    public ProbeResult Run()
    {
        Hdf5Object root = file.Root;
        Attribute? legacyCount = root.FindAttribute("num_dataset");
        Hdf5Object? group = legacyCount is null ? file.Find(root, "MDF/images") : root;
        double? count = legacyCount is null ? group?.FindAttribute("imageid_max")?.AsNumber() + 1 : legacyCount.AsNumber();
        if (group is null || count is not >= 1)
        {
            return ProbeResult.NoImages("the HDF5 file holds no images of EMAN2");
        }

        // Fewer images than bytes: a small file that claims billions is no archive.
        if (count > int.MaxValue || count > source.LengthBytes)
        {
            throw new Hdf5FormatException($"the file claims {count} images, which it has no room for");
        }

        var archive = new Eman2Archive(file.Superblock, ImageDirectory.Read(group, (int)count), legacyCount is not null);
        NoteTruncation();
        NoteMissing(archive.Images);
        List<Eman2Image> images = ProbeImages(archive);
        double? groupPixelSize = group.FindAttribute("IMOD.PixelSpacing")?.AsNumber();
        return ProbeResult.Found(Describe(archive, images, groupPixelSize, root));
    }

    /// <summary>Describes one image of a folder as a file of its own.</summary>
    public ArchiveDescription RunMember(Eman2Archive archive, int number)
    {
        Eman2Image image = archive.ReadImage(file, number);
        if (image.Frames.FindTruncation(source.LengthBytes) is string reason)
        {
            _damage.Add(new ArchiveDamage(null, reason));
        }

        double? groupPixelSize = archive.IsLegacy ? null : file.Find(file.Root, "MDF/images")?.FindAttribute("IMOD.PixelSpacing")?.AsNumber();
        ArchiveContent content = image.Frames.Nz > 1 ? ArchiveContent.Volume : ArchiveContent.Image;
        return Eman2Describer.Describe(source, path, archive, content, [image], groupPixelSize) with { Member = number, Damage = [.. _damage] };
    }

    private ArchiveDescription Describe(Eman2Archive archive, List<Eman2Image> images, double? groupPixelSize, Hdf5Object root)
    {
        DatasetFrames first = images[0].Frames;
        bool isUniform = images.TrueForAll(image => (image.Frames.Nx, image.Frames.Ny, image.Frames.Nz) == (first.Nx, first.Ny, first.Nz));
        ArchiveContent content = (archive.Images.Count == 1, first.Nz > 1) switch
        {
            (true, true) => ArchiveContent.Volume,
            (true, false) => ArchiveContent.Image,
            (false, false) when isUniform => ArchiveContent.Stack,
            _ => ArchiveContent.Folder,
        };
        ArchiveDescription description = Eman2Describer.Describe(source, path, archive, content, images, groupPixelSize) with
        {
            Damage = [.. _damage.Take(ReportedDamage)],
        };
        if (content == ArchiveContent.Folder || file.Find(root, ProvenanceNames.Group) is not { IsGroup: true } group)
        {
            return description;
        }

        PreservedHeader preserved = PreservedHeader.Read(file, group);
        bool isOwn = !preserved.Bytes.IsEmpty;
        ModeRecord? modeRecord = preserved.Mode is int mode and not 2 ? ModeRecord.Read(file, group, mode) : null;
        if (modeRecord is not null && !images.TrueForAll(image => modeRecord.Fits(image.Number, image.Frames.Nz, image.Frames.SampleType, image.Rescale)))
        {
            // As float32, the values are those that EMAN2 shows.
            (preserved, modeRecord) = (default, null);
        }

        return description with
        {
            FormatState = archive with { ModeRecord = modeRecord },
            PreservedHeader = preserved.Bytes,
            IsOwn = isOwn,
            MrcMode = preserved.Mode ?? description.MrcMode,
            RecordedInode = RecordedInode.Read(group, source.Version.Inode),
            IsOfMount = group.FindAttribute(ProvenanceNames.Inode) is not null,
            OriginalSha256 = group.FindAttribute(ProvenanceNames.OriginalSha256)?.AsText(file.Reader, file.Superblock.Sizes),
        };
    }

    private List<Eman2Image> ProbeImages(Eman2Archive archive)
    {
        var images = new List<Eman2Image>();
        string? firstReason = null;
        int present = archive.Images.PresentCount;
        int probed = Math.Min(present, ProbedImages);
        for (int i = 0; i < probed; i++)
        {
            int number = archive.Images.NumberAt(probed == 1 ? 0 : (int)((long)i * (present - 1) / (probed - 1)));
            string? reason;
            try
            {
                Eman2Image image = archive.ReadImage(file, number);
                reason = image.Frames.FindTruncation(source.LengthBytes);
                images.Add(image);
            }
            catch (Exception e) when (Hdf5Guard.IsDamage(e))
            {
                reason = Hdf5Guard.ReasonOf(e);
            }

            if (reason is not null)
            {
                firstReason ??= reason;
                _damage.Add(new ArchiveDamage(archive.Images.Count == 1 ? null : number, reason));
            }
        }

        return images.Count > 0 ? images : throw new Hdf5FormatException(firstReason ?? "none of its images exists");
    }

    private void NoteTruncation()
    {
        long missingBytes = file.Superblock.EndAddress - file.Reader.LengthBytes;
        if (missingBytes > 0)
        {
            _damage.Add(new ArchiveDamage(null, $"the file is truncated: its last {missingBytes} bytes are missing"));
        }
    }

    private void NoteMissing(ImageDirectory images)
    {
        foreach (int number in images.Missing(ReportedDamage))
        {
            _damage.Add(new ArchiveDamage(number, $"image {number} does not exist"));
        }
    }
}
