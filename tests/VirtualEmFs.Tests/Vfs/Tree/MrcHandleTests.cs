using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Tree;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree;

public sealed class MrcHandleTests
{
    /// <summary>Payload whose byte i is i, of any length asked for.</summary>
    private sealed class CountingFrames(ArchiveDescription description) : IFrameFile
    {
        public ArchiveDescription Description => description;

        public ArchiveDamage? FirstDamage => null;

        public void Read(ReadOnlyMemory<byte> prefix, long payloadOffset, int lengthBytes, IReadReply reply) =>
            reply.Data([.. prefix.Span, .. Enumerable.Range((int)payloadOffset, lengthBytes).Select(i => (byte)i)]);

        public void Dispose()
        {
        }
    }

    private static MrcHandle Handle(int mode, bool isBigEndian)
    {
        byte[] header = new byte[1024 + 3];
        new MrcHeader { Nx = 5, Ny = 3, Nz = 1, Mode = mode, ExtendedHeaderLengthBytes = 3 }.Write(header);
        header[1024] = header[1025] = header[1026] = 0xee;
        if (isBigEndian)
        {
            for (int word = 1; word <= 56; word++)
            {
                header.AsSpan((word - 1) * 4, 4).Reverse();
            }
        }

        var shape = new FrameShape(5, 3, 1);
        var description = new ArchiveDescription
        {
            Format = "EMAN2 HDF5",
            Content = ArchiveContent.Image,
            Shape = shape,
            Version = default,
            Files = ["/s/X.hdf"],
            SampleType = SampleType.UInt16,
            Codec = "none",
            Grid = new BlockGrid(shape, 1, 3, 3),
            PreservedHeader = header,
            MrcMode = mode,
        };
        var node = new Node(2, new NodeKey(default, NodeFlavour.Mrc, 0), NodeKind.File);
        return new MrcHandle(node, description, VirtualMrc.Create(description), new CountingFrames(description), endsAtDamage: false);
    }

    /// <summary>A file that was written big-endian must come back so, or its own header would lie about every sample.</summary>
    [Theory]
    [InlineData(6, true, 2)]
    [InlineData(2, true, 4)]
    [InlineData(0, true, 1)]
    [InlineData(6, false, 1)]
    public void Read_EveryRange_IsThatPartOfTheFileInItsOwnByteOrder(int mode, bool isBigEndian, int turnedBytes)
    {
        var handle = Handle(mode, isBigEndian);
        int length = (int)handle.Mrc.LengthBytes;
        byte[] payload = [.. Enumerable.Range(0, length - 1027).Chunk(turnedBytes).SelectMany(sample => sample.Reverse()).Select(i => (byte)i)];
        byte[] whole = [.. handle.Mrc.Header.Span, .. payload];
        for (int first = 1020; first < length; first++)
        {
            for (int end = first; end <= length; end++)
            {
                var reply = new ReadReply();
                handle.Read(first, end - first, reply);
                Assert.Equal(whole[first..end], reply.Bytes);
            }
        }
    }
}
