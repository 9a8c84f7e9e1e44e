using System.Collections.Concurrent;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Tests.Vfs.Reading;

/// <summary>An archive of 8-bit samples whose value tells frame, row and column; counts decodes, stalls and fails on request.</summary>
internal sealed class FakeArchive(ArchiveDescription description) : IArchive
{
    public ArchiveDescription Description => description;

    /// <summary>How often each block extent was decoded.</summary>
    public ConcurrentDictionary<BlockExtent, int> Decodes { get; } = new();

    public Func<BlockExtent, Exception?> Fault { get; set; } = _ => null;

    /// <summary>Decodes wait for it while it is reset.</summary>
    public ManualResetEventSlim Gate { get; } = new(true);

    public bool IsDisposed { get; private set; }

    public static byte SampleAt(int frame, int row, int column) => unchecked((byte)((frame * 31) + (row * 7) + column));

    public static ArchiveDescription Describe(FrameShape shape, BlockGrid grid, ulong inode = 1) => new()
    {
        Format = "fake",
        Content = ArchiveContent.Stack,
        Shape = shape,
        Version = new SourceVersion(1, inode, 1000, 5, 6),
        Files = ["fake.hdf"],
        SampleType = SampleType.UInt8,
        Rescale = new Rescale(-1, 2, 8),
        Codec = "none",
        Grid = grid,
    };

    public BlockFormat FormatOf(BlockExtent extent) =>
        new(SampleType.UInt8, description.Rescale, extent.FrameCount * extent.RowCount * description.Shape.Nx);

    public void Decode(BlockExtent extent, Span<byte> destination, DecodeSlots slots)
    {
        Gate.Wait();
        Decodes.AddOrUpdate(extent, 1, (_, count) => count + 1);
        if (Fault(extent) is { } fault)
        {
            throw fault;
        }

        int at = 0;
        for (int frame = extent.FirstFrame; frame < extent.FirstFrame + extent.FrameCount; frame++)
        {
            for (int row = extent.FirstRow; row < extent.FirstRow + extent.RowCount; row++)
            {
                for (int column = 0; column < description.Shape.Nx; column++)
                {
                    destination[at++] = SampleAt(frame, row, column);
                }
            }
        }
    }

    public void Dispose() => IsDisposed = true;

    /// <summary>The float32 payload that readers must see.</summary>
    public static byte[] Payload(ArchiveDescription description)
    {
        FrameShape shape = description.Shape;
        var payload = new byte[shape.LengthSamples * sizeof(float)];
        int at = 0;
        for (int frame = 0; frame < shape.FrameCount; frame++)
        {
            for (int row = 0; row < shape.Ny; row++)
            {
                for (int column = 0; column < shape.Nx; column++, at += sizeof(float))
                {
                    BitConverter.TryWriteBytes(payload.AsSpan(at), description.Rescale.Apply(SampleAt(frame, row, column)));
                }
            }
        }

        return payload;
    }
}

/// <summary>Opens one fake archive for each description, and counts.</summary>
internal sealed class FakeFormats : IArchiveFormats
{
    public ConcurrentDictionary<SourceVersion, FakeArchive> Archives { get; } = new();

    public int OpenCount;

    public ProbeResult Probe(string path) => ProbeResult.Broken("not probed here");

    public ArchiveDescription DescribeMember(ArchiveDescription folder, int imageNumber) => folder;

    public IArchive Open(ArchiveDescription description)
    {
        Interlocked.Increment(ref OpenCount);
        return Archives.GetOrAdd(description.Version, _ => new FakeArchive(description));
    }
}
