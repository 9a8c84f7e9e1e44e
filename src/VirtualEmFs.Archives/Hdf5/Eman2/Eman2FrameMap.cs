using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>Layouts of an archive's images, each read when its frame is first asked for.</summary>
/// <remarks>Any thread: each reading has its own <see cref="Hdf5File"/>. Does not own the source file.</remarks>
internal sealed class Eman2FrameMap(SourceFile source, ArchiveDescription description, Eman2Archive archive) : FrameMap
{
    // 64 Ki pieces are 2 MiB: 128 micrographs, or 4,096 particles of 16 chunks.
    private const int KeptPieces = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, FrameLayout> _layouts = []; // guarded by _gate, as the two below
    private readonly Queue<int> _oldestFirst = [];
    private int _keptPieces;

    public override FrameLayout LayoutOf(int frameIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frameIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frameIndex, description.Shape.FrameCount);
        bool isStack = description.Content == ArchiveContent.Stack;
        int imageNumber = isStack ? frameIndex : description.Member ?? 0;
        lock (_gate)
        {
            if (_layouts.TryGetValue(imageNumber, out FrameLayout? kept))
            {
                return kept;
            }

            // A volume's chunk index may have 65,536 entries: whoever else needs it waits. Images of a stack are read side by side.
            if (!isStack)
            {
                return Keep(imageNumber, Read(imageNumber, frameIndex));
            }
        }

        FrameLayout layout = Read(imageNumber, frameIndex);
        lock (_gate)
        {
            return Keep(imageNumber, layout);
        }
    }

    private FrameLayout Keep(int imageNumber, FrameLayout layout)
    {
        if (_layouts.TryAdd(imageNumber, layout))
        {
            _oldestFirst.Enqueue(imageNumber);
            _keptPieces += Weight(layout);
            while (_keptPieces > KeptPieces && _oldestFirst.Count > 1)
            {
                _layouts.Remove(_oldestFirst.Dequeue(), out FrameLayout? dropped);
                _keptPieces -= Weight(dropped!);
            }
        }

        return _layouts[imageNumber];
    }

    // The layout itself costs about as much as eight pieces.
    private static int Weight(FrameLayout layout) => layout.Pieces.Length + 8;

    private FrameLayout Read(int imageNumber, int frameIndex) => Hdf5Guard.Run(source.Path, frameIndex, () =>
    {
        using var file = new Hdf5File(source, archive.Superblock);
        Eman2Image image = archive.ReadImage(file, imageNumber);
        DatasetFrames frames = image.Frames;
        FrameShape shape = description.Shape;
        int frameCount = description.Content == ArchiveContent.Stack ? 1 : shape.FrameCount;
        if ((frames.Nx, frames.Ny, frames.Nz) != (shape.Nx, shape.Ny, frameCount))
        {
            throw new Hdf5FormatException(
                $"the image has {frames.Nx} × {frames.Ny} × {frames.Nz} samples, the first {shape.Nx} × {shape.Ny} × {frameCount}");
        }

        // Only images that the probe passed over: otherwise the file would read as float32.
        if (description.MrcMode != 2 && archive.ModeRecord?.Fits(imageNumber, frameCount, frames.SampleType, image.Rescale) == false)
        {
            throw new Hdf5FormatException(
                $"it is not what emfs stored there (damaged, or changed by another program), and a file of mode {description.MrcMode} cannot show it");
        }

        FrameLayout layout = frames.Layout(description.Content == ArchiveContent.Stack ? frameIndex : 0, image.Rescale);
        source.CheckUnchanged(description.Version);
        return layout;
    });
}
