using System.Collections.Concurrent;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Tests.Vfs;

/// <summary>Archives whose content is the word that stands in the file: image, stack, volume, folder, broken, none, writing, damaged, set;
/// <c>stack inode=77</c> took over a number.</summary>
internal sealed class FakeFormats(FakeSourceTree source) : IArchiveFormats
{
    /// <summary>Probes by path.</summary>
    public ConcurrentDictionary<string, int> Probes { get; } = new();

    public int ProbeCount => Probes.Values.Sum();

    /// <summary>Runs before each probe, with the path.</summary>
    public Action<string>? BeforeProbe { get; set; }

    public ProbeResult Probe(string path)
    {
        Probes.AddOrUpdate(path, 1, (_, count) => count + 1);
        BeforeProbe?.Invoke(path);
        string[] words = source.ContentOf(path).Split(' ');
        return words[0] switch
        {
            "broken" => ProbeResult.Broken("the superblock is damaged"),
            "none" => ProbeResult.NoImages("no images"),
            "writing" => ProbeResult.BeingWritten(),
            "set" => ProbeResult.Found(Describe(path, ArchiveContent.Stack) with { Files = [path, .. words[1..]] }),
            "damaged" => ProbeResult.Found(Describe(path, ArchiveContent.Stack) with { Damage = [new ArchiveDamage(2, "image 2 is missing")] }),
            "folder" => ProbeResult.Found(Describe(path, ArchiveContent.Folder) with { Members = [0, 3, 7] }),
            "volume" => ProbeResult.Found(Describe(path, ArchiveContent.Volume)),
            "stack" => ProbeResult.Found(Describe(path, ArchiveContent.Stack) with { RecordedInode = InodeOf(words) }),
            _ => ProbeResult.Found(Describe(path, ArchiveContent.Image)),
        };
    }

    public ArchiveDescription DescribeMember(ArchiveDescription folder, int imageNumber) => imageNumber == 7
        ? throw new ArchiveException(folder.Files[0], "the image is missing", imageNumber)
        : folder with
        {
            Content = ArchiveContent.Image,
            Shape = new FrameShape(8 + imageNumber, 4, 1),
            Member = imageNumber,
            Members = [],
        };

    public IArchive Open(ArchiveDescription description) => throw new NotSupportedException("the tree reads through the frame reader");

    private static ulong? InodeOf(string[] words) =>
        words.Length > 1 && words[1].StartsWith("inode=", StringComparison.Ordinal) ? ulong.Parse(words[1].AsSpan("inode=".Length), System.Globalization.CultureInfo.InvariantCulture) : null;

    private ArchiveDescription Describe(string path, ArchiveContent content)
    {
        var shape = new FrameShape(8, 4, content == ArchiveContent.Image ? 1 : 5);
        return new ArchiveDescription
        {
            Format = "EMAN2 HDF5",
            Content = content,
            Shape = shape,
            Version = source.VersionOf(path),
            Files = [path],
            SampleType = SampleType.UInt8,
            Rescale = new Rescale(-2.5f, 6, 5),
            Codec = "deflate",
            Grid = new BlockGrid(shape, 1, 4, 4),
        };
    }
}
