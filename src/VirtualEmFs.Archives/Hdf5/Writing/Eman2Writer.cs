using System.Globalization;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Hdf5;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>
/// Writes a new archive in EMAN2's layout: images <c>/MDF/images/N</c> in ascending order, chunk by chunk as they are stored, then
/// the root group of <see cref="Provenance"/>.
/// </summary>
/// <remarks>One thread at a time. The file counts only after <see cref="Close"/> has returned. Source: spec/eman2-hdf5.md sections 1 and 10.</remarks>
public sealed class Eman2Writer : IDisposable
{
    // EMAN2 asks for attributes by these names; "image" and its NUL, padded, fit 16 bytes beside the heap's free-list entry.
    private const string DatasetName = "image";
    private const int ImageNameHeapLengthBytes = 16;

    private readonly Hdf5Writer _writer;
    private readonly GroupHandle _images;
    private readonly List<FrameRecord> _frames = [];
    private int _imageCount;
    private TargetImage? _image;
    private GroupHandle? _group;
    private DatasetHandle? _dataset;

    private Eman2Writer(Hdf5Writer writer, IReadOnlyCollection<Eman2Field> groupFields)
    {
        _writer = writer;
        using GroupHandle mdf = writer.CreateGroup(writer.Root, "MDF");
        _images = writer.CreateGroup(mdf, "images");

        // Valid at all times: EMAN2 takes a file without images for one that has imageid_max + 1 = 0 of them.
        writer.WriteAttribute(_images, "imageid_max", Hdf5Type.Int32, MemoryMarshal.AsBytes<int>([-1]));
        new Eman2Attributes(writer, _images, groupFields).WriteFields();
    }

    /// <summary>Creates a file that must not exist yet.</summary>
    /// <param name="imageCount">Images that will be written; with <paramref name="alike"/> it decides the size of the file's trees.</param>
    /// <param name="alike">The first image, when all have its shape; null when others may be larger.</param>
    /// <param name="groupFields">Attributes that apply to all images.</param>
    /// <exception cref="Hdf5Exception">The file exists or cannot be created.</exception>
    public static Eman2Writer Create(string path, int imageCount, TargetImage? alike, IReadOnlyCollection<Eman2Field> groupFields)
    {
        var writer = Hdf5Writer.Create(path, LayoutFor(imageCount, alike));
        try
        {
            return new Eman2Writer(writer, groupFields);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Starts the next image; the one before must have ended.</summary>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    public void BeginImage(TargetImage image)
    {
        if (_image is not null)
        {
            throw new InvalidOperationException("the image before has not ended");
        }

        ChunkGrid grid = image.Grid;
        _image = image;
        _group = _writer.CreateGroup(_images, _imageCount.ToString(CultureInfo.InvariantCulture), ImageNameHeapLengthBytes);
        ReadOnlySpan<long> dimensions = [image.SectionCount, image.Ny, image.Nx];
        ReadOnlySpan<long> chunk = [grid.Sections, grid.Rows, image.Nx];
        int skipped = image.Nz == 0 ? 1 : 0;
        _dataset = _writer.CreateDataset(
            _group, DatasetName, TypeOf(image.SampleType), dimensions[skipped..], chunk[skipped..], new Hdf5Filters(image.IsShuffled, image.Level));
    }

    /// <summary>Writes a chunk of the present image.</summary>
    /// <param name="chunk">Its number in the image's grid.</param>
    /// <param name="isRaw">True when no filter was applied to it.</param>
    /// <param name="stored">Its bytes as they shall be stored.</param>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    public void WriteChunk(long chunk, bool isRaw, ReadOnlySpan<byte> stored)
    {
        TargetImage image = _image ?? throw new InvalidOperationException("no image was begun");
        ChunkExtent extent = image.Grid.ExtentOf(chunk);
        ReadOnlySpan<long> origin = [extent.FirstSection, extent.FirstRow, 0];
        uint skippedFilters = isRaw && image.Level is not null ? (image.IsShuffled ? 0b11u : 0b1u) : 0;
        _writer.WriteChunk(_dataset!, origin[(image.Nz == 0 ? 1 : 0)..], skippedFilters, stored);
    }

    /// <summary>Ends the present image.</summary>
    /// <param name="frames">One record for each of its sections.</param>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    public void EndImage(Eman2Header header, ReadOnlySpan<FrameRecord> frames)
    {
        TargetImage image = _image ?? throw new InvalidOperationException("no image was begun");
        ArgumentOutOfRangeException.ThrowIfNotEqual(frames.Length, image.SectionCount, nameof(frames));
        _dataset!.Dispose();
        new Eman2Attributes(_writer, _group!, header.Fields).Write(image, header);
        _group!.Dispose();
        uint limitsChecksum = ProvenanceChecksums.OfLimits(image.SampleType, header.Rescale);
        foreach (FrameRecord frame in frames)
        {
            _frames.Add(frame with { LimitsChecksum = limitsChecksum });
        }

        _image = null;
        _imageCount++;
    }

    /// <summary>Writes the root group and closes the file; nothing is lost silently after this has returned.</summary>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    public void Close(Provenance provenance)
    {
        if (_image is not null)
        {
            throw new InvalidOperationException("the last image has not ended");
        }

        provenance.Write(_writer, CollectionsMarshal.AsSpan(_frames));
        _writer.RewriteAttribute(_images, "imageid_max", Hdf5Type.Int32, MemoryMarshal.AsBytes<int>([_imageCount - 1]));
        _images.Dispose();
        _writer.Close();
    }

    public void Dispose()
    {
        _dataset?.Dispose();
        _group?.Dispose();
        _images.Dispose();
        _writer.Dispose();
    }

    private static Hdf5FileLayout LayoutFor(int imageCount, TargetImage? alike)
    {
        // Chunk trees: a node has room for 2k chunks whether they exist or not, 2.6 KB at the library's k of 32. A tree of k = 1 that has to
        // hold many chunks gets a level for each few of them, until the library fails at the 256th.
        int chunkTreeK = alike is null
            ? Hdf5FileLayout.Default.ChunkTreeK
            : (int)Math.Clamp((alike.Grid.Count + 1) / 2, 1, Hdf5FileLayout.Default.ChunkTreeK);

        // Each image is a group with nodes of its own. 10,000 images of 128 × 128 cost 2,970 bytes each with k of 16 and 4, 2,419 with 4 and 2;
        // smaller still saves 100 bytes more and doubles the depth of the tree that holds the images.
        return imageCount > 1
            ? new Hdf5FileLayout(4, 2, chunkTreeK)
            : new Hdf5FileLayout(Hdf5FileLayout.Default.GroupTreeK, Hdf5FileLayout.Default.GroupLeafK, chunkTreeK);
    }

    private static Hdf5Type TypeOf(SampleType type) => type switch
    {
        SampleType.UInt8 => Hdf5Type.UInt8,
        SampleType.UInt16 => Hdf5Type.UInt16,
        SampleType.Float32 => Hdf5Type.Float32,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "EMAN2 archives hold uint8, uint16 and float32"),
    };
}
