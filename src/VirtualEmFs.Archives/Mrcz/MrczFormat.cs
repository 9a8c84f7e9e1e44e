using System.Collections.Immutable;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Codecs.Blosc;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Mrcz;

/// <summary>MRCZ files: an MRC header whose mode names a compressor, too, and behind it one Blosc chunk for each section.</summary>
internal sealed class MrczFormat(FormatOptions options) : IArchiveFormat
{
    // Each section's place is remembered, and its header read: a million take 8 MiB and about a second.
    private const int MostSections = 1 << 20;

    public string Name => "MRCZ";

    public bool Recognises(ReadOnlySpan<byte> firstBytes, string path) => path.EndsWith(".mrcz", StringComparison.OrdinalIgnoreCase);

    public ProbeResult Probe(SourceFile file, string path)
    {
        if (MrczHeader.TryRead(file, out string? reason) is not MrczHeader header)
        {
            return ProbeResult.NoImages(reason!);
        }

        if (header.Shape.FrameCount > MostSections)
        {
            return ProbeResult.Broken($"{header.Shape.FrameCount} sections are more than the {MostSections} that are supported");
        }

        ImmutableArray<long> sections;
        if (header.IsCompressed)
        {
            (var found, reason) = FindChunks(file, header);
            if (found is not { } chunks)
            {
                return ProbeResult.Broken(reason!);
            }

            if (reason is not null)
            {
                return ProbeResult.NoImages(reason);
            }

            sections = chunks;
        }
        else if (file.LengthBytes < header.DataOffset + (header.SectionLengthBytes * header.Shape.FrameCount))
        {
            return ProbeResult.Broken("the file ends before its last section");
        }
        else
        {
            sections = [.. Enumerable.Range(0, header.Shape.FrameCount + 1).Select(section => header.DataOffset + (section * header.SectionLengthBytes))];
        }

        return ProbeResult.Found(Describe(file, path, header, new MrczState(header.Samples, header.IsCompressed, sections)));
    }

    public ArchiveDescription DescribeMember(SourceFile file, ArchiveDescription folder, int imageNumber) =>
        throw new ArchiveException(folder.Files[0], $"an MRCZ file has no member {imageNumber}");

    public FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description) => new MrczFrameMap(description);

    // Chunks follow one another; the header of each says how long it is. Null when they do not fit header and file.
    private static (ImmutableArray<long>? Sections, string? Reason) FindChunks(SourceFile file, MrczHeader header)
    {
        int sectionCount = header.Shape.FrameCount;
        if (sectionCount > (file.LengthBytes - header.DataOffset) / BloscHeader.HeaderLengthBytes)
        {
            return (null, "the file ends before its last section");
        }

        var sections = ImmutableArray.CreateBuilder<long>(sectionCount + 1);
        long fileOffset = header.DataOffset;
        string? unsupported = null;
        Span<byte> bytes = stackalloc byte[BloscHeader.HeaderLengthBytes];
        for (int section = 0; section < sectionCount; section++)
        {
            sections.Add(fileOffset);
            if (!BloscHeader.TryRead(bytes[..file.Read(fileOffset, bytes)], out var chunk)
                || chunk.StoredLengthBytes > file.LengthBytes - fileOffset)
            {
                return (null, $"section {section} is damaged, or the file ends before it does");
            }

            if (chunk.LengthBytes != header.SectionLengthBytes)
            {
                return (null, $"section {section} holds {chunk.LengthBytes} bytes instead of {header.SectionLengthBytes}");
            }

            unsupported ??= chunk.FindUnsupported();
            fileOffset += chunk.StoredLengthBytes;
        }

        sections.Add(fileOffset);
        return (sections.MoveToImmutable(), unsupported);
    }

    private ArchiveDescription Describe(SourceFile file, string path, MrczHeader header, MrczState state)
    {
        var type = header.SampleTypeOf(options.ByteSign);
        var images = MrcImages.Of(header.Mrc, "", MrcThirdAxis.Automatic);
        var size = header.PixelSize;
        return new ArchiveDescription
        {
            Format = Name,
            Content = images.AreVolumes ? ArchiveContent.Volume : images.Count > 1 ? ArchiveContent.Stack : ArchiveContent.Image,
            Shape = header.Shape,
            Version = file.Version,
            Files = [path],
            SampleType = type,
            Codec = MrczFrameMap.PipelineOf(state, type).Name,
            Grid = BlockGrid.ForPieces(header.Shape, MrczFrameMap.PieceShapeOf(state, header.Shape), type.LengthBytes()),
            PixelSize = size ?? new AngstromVector(1, 1, 1),
            IsPixelSizeAssumed = size is null,
            FormatState = state,
        };
    }
}
