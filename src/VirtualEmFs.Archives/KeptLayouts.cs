using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives;

/// <summary>A frame map that makes the layout of a frame when it is asked for, and keeps the last ones.</summary>
/// <remarks>Any thread; two that ask for the same frame at once may both make it.</remarks>
/// <param name="frameCount">Frames of the archive.</param>
internal abstract class KeptLayouts(int frameCount) : FrameMap
{
    // 32 layouts: a TIFF page of one strip per row has 4,096 pieces, 160 KiB.
    private readonly FrameLayout?[] _layouts = new FrameLayout?[32];

    public sealed override FrameLayout LayoutOf(int frameIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frameIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(frameIndex, frameCount);
        ref FrameLayout? slot = ref _layouts[frameIndex % _layouts.Length];
        if (Volatile.Read(ref slot) is FrameLayout known && known.FirstFrame == frameIndex)
        {
            return known;
        }

        var layout = Load(frameIndex);
        Volatile.Write(ref slot, layout);
        return layout;
    }

    /// <summary>Makes the layout of one frame.</summary>
    /// <exception cref="ArchiveException">The frame is missing or its description is damaged.</exception>
    protected abstract FrameLayout Load(int frameIndex);
}
