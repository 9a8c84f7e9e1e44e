using System.Buffers.Binary;
using System.Collections.Immutable;

namespace VirtualEmFs.Frames.Mrc;

/// <summary>The .mrc file as which an archive reads: its header bytes, and where each frame lies behind them.</summary>
/// <remarks>Immutable; any thread; no I/O: everything follows from the description. See semantics.md, Reading.</remarks>
public sealed class VirtualMrc
{
    private VirtualMrc(ReadOnlyMemory<byte> header, MrcByteMap map) => (Header, Map) = (header, map);

    /// <summary>Main and extended header, <c>Map.HeaderLengthBytes</c> long.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Where frames and rows lie.</summary>
    public MrcByteMap Map { get; }

    /// <summary>Size of the file.</summary>
    public long LengthBytes => Map.FileLengthBytes;

    /// <summary>Size of the file, without making its header.</summary>
    public static long LengthOf(ArchiveDescription description) => MapOf(description, out _).FileLengthBytes;

    /// <summary>Makes the header of an archive, or of one member of a folder.</summary>
    /// <param name="useStrictStatistics">Write undetermined statistics: the archive's own describe the values before truncation.</param>
    public static VirtualMrc Create(ArchiveDescription description, MrcView view = MrcView.Natural, bool useStrictStatistics = false)
    {
        var map = MapOf(description, out var preserved);
        bool isStack = IsStack(description.Content);
        bool isViewedAsStack = view == MrcView.Natural ? isStack : view == MrcView.Stack;
        if (preserved is not null)
        {
            return new VirtualMrc(
                isViewedAsStack == isStack ? description.PreservedHeader : Relabelled(description, preserved, isViewedAsStack), map);
        }

        byte[] header = new byte[MrcHeader.LengthBytes];
        Synthesise(description, isViewedAsStack, useStrictStatistics).Write(header);
        return new VirtualMrc(header, map);
    }

    /// <summary>The description without a preserved header that is not true of its frames, and the mode that came with it.</summary>
    public static ArchiveDescription Normalise(ArchiveDescription description) => PreservedHeaderOf(description) is not null
        || (!description.HasOwnHeader && description.MrcMode == 2)
            ? description
            : description with { PreservedHeader = default, MrcMode = 2 };

    private static bool IsStack(ArchiveContent content) => content is ArchiveContent.Stack or ArchiveContent.Image;

    private static MrcByteMap MapOf(ArchiveDescription description, out MrcHeader? preserved)
    {
        preserved = PreservedHeaderOf(description);
        return preserved is null
            ? new MrcByteMap(description.Shape, MrcHeader.LengthBytes, MrcSampleFormat.Single)
            : new MrcByteMap(description.Shape, description.PreservedHeader.Length, preserved.SampleFormat);
    }

    /// <summary>
    /// The preserved header when it is true of the frames. It comes from a file: frames that another program has added since,
    /// or a header that lies, would make size and header disagree, so a synthesised header takes its place.
    /// </summary>
    private static MrcHeader? PreservedHeaderOf(ArchiveDescription description)
    {
        var bytes = description.PreservedHeader;
        bool isTrue = MrcHeader.TryParse(bytes.Span, out var header, out _)
            && bytes.Length == (long)MrcHeader.LengthBytes + header!.ExtendedHeaderLengthBytes
            && header.Mode == description.MrcMode
            && (header.Nx, header.Ny, header.Nz) == (description.Shape.Nx, description.Shape.Ny, description.Shape.FrameCount);
        return isTrue ? header : null;
    }

    private static MrcHeader Synthesise(ArchiveDescription description, bool isStack, bool useStrictStatistics)
    {
        var shape = description.Shape;
        int mz = isStack ? 1 : shape.FrameCount;
        return new MrcHeader
        {
            Nx = shape.Nx,
            Ny = shape.Ny,
            Nz = shape.FrameCount,
            Mode = 2,
            Start = description.Start,
            Sampling = (shape.Nx, shape.Ny, mz),
            CellLengths = new AngstromVector(
                shape.Nx * description.PixelSize.X, shape.Ny * description.PixelSize.Y, mz * description.PixelSize.Z),
            Statistics = useStrictStatistics ? MrcHeader.UndeterminedStatistics : StatisticsOf(description),
            SpaceGroup = isStack ? 0 : 1,
            Origin = description.Origin,
            Labels = LabelsOf(description),
        };
    }

    /// <summary>The archive's own statistics, clipped to what its samples can be: displays scale by them (IMOD).</summary>
    private static FrameStatistics StatisticsOf(ArchiveDescription description)
    {
        if (description.Statistics is not { } own
            || !float.IsFinite(own.Minimum) || !float.IsFinite(own.Maximum) || !float.IsFinite(own.Mean) || !float.IsFinite(own.Sigma)
            || own.Minimum > own.Maximum || own.Sigma < 0)
        {
            return MrcHeader.UndeterminedStatistics;
        }

        // Images of a stack have limits of their own; those of the first say nothing about the others.
        var rescale = description.Rescale;
        bool isClipped = !rescale.IsNone && rescale.Minimum <= rescale.Maximum
            && (description.Content != ArchiveContent.Stack || description.Shape.FrameCount == 1);
        return isClipped
            ? own with
            {
                Minimum = Math.Clamp(own.Minimum, rescale.Minimum, rescale.Maximum),
                Maximum = Math.Clamp(own.Maximum, rescale.Minimum, rescale.Maximum),
                Mean = Math.Clamp(own.Mean, rescale.Minimum, rescale.Maximum),
            }
            : own;
    }

    private static ImmutableArray<string> LabelsOf(ArchiveDescription description)
    {
        string archive = description.Files[0];
        string name = archive[(archive.LastIndexOf('/') + 1)..];
        string member = description.Member is int number ? $" image {number}" : "";
        string bits = description.Rescale.IsNone
            ? $"{description.SampleType} unscaled"
            : $"{description.Rescale.Bits} bits";
        string suffix = $"{member}, {bits}, by VirtualEmFs";
        int room = MrcHeader.LabelLengthBytes - suffix.Length;
        // A long name loses its middle, so that stem, extension and bits all stay readable.
        if (name.Length > room)
        {
            int tail = (room - 3) / 2;
            name = $"{name[..(room - 3 - tail)]}...{name[^tail..]}";
        }

        return [name + suffix, .. description.Labels];
    }

    /// <summary>A copy of the preserved header that calls the third axis by the other name.</summary>
    private static byte[] Relabelled(ArchiveDescription description, MrcHeader preserved, bool isStack)
    {
        byte[] bytes = description.PreservedHeader.ToArray();
        int mz = isStack ? 1 : preserved.Nz;
        // The spacing along z stays: the cell grows and shrinks with the sampling.
        float spacing = preserved.Sampling.Z > 0 ? preserved.CellLengths.Z / preserved.Sampling.Z : description.PixelSize.Z;
        SetInt32(bytes, 10, mz, preserved.IsBigEndian);
        SetInt32(bytes, 13, BitConverter.SingleToInt32Bits(mz * spacing), preserved.IsBigEndian);
        SetInt32(bytes, 23, isStack ? 0 : 1, preserved.IsBigEndian);
        return bytes;
    }

    private static void SetInt32(Span<byte> bytes, int word, int value, bool isBigEndian)
    {
        var slot = bytes.Slice((word - 1) * 4, 4);
        if (isBigEndian)
        {
            BinaryPrimitives.WriteInt32BigEndian(slot, value);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(slot, value);
        }
    }
}
