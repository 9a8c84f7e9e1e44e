using System.Buffers.Binary;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>
/// Plain MRC files that not every program reads: modes 0, 1, 6, 12 and 101, and big-endian ones, as float32, little-endian. Files that
/// are so already are no archives.
/// </summary>
internal sealed class MrcFormat(FormatOptions options) : IArchiveFormat
{
    private const int ModeOffset = 12, ImodFlagsOffset = 156;

    // Signed bytes and 4-bit samples: no longer true of float32.
    private const int ImodSampleFlags = 1 | 16;

    public string Name => "MRC";

    public bool Recognises(ReadOnlySpan<byte> firstBytes, string path) => MrcNames.IsMrcName(path);

    public ProbeResult Probe(SourceFile file, string path)
    {
        MrcInput mrc;
        try
        {
            // The file stays the caller's: the input is only asked, and not disposed.
            mrc = MrcInput.Open(file, options.ByteSign);
        }
        catch (ArchiveException exception) when (exception is not ArchiveChangedException)
        {
            return ProbeResult.NoImages($"it {exception.Reason}");
        }

        return mrc.Header.SampleFormat.IsPlainSingle
            ? ProbeResult.NoImages("it is float32 and little-endian already")
            : ProbeResult.Found(Describe(mrc, file, path));
    }

    public ArchiveDescription DescribeMember(SourceFile file, ArchiveDescription folder, int imageNumber) =>
        throw new ArchiveException(folder.Files[0], $"an MRC file has no member {imageNumber}");

    public FrameMap OpenMap(IReadOnlyList<SourceFile> files, ArchiveDescription description) => new MrcFrameMap(description);

    private ArchiveDescription Describe(MrcInput mrc, SourceFile file, string path)
    {
        var state = new MrcState(mrc.Header.SampleFormat, mrc.HeaderBytes.Length);
        var images = MrcImages.Of(mrc.Header, path, MrcThirdAxis.Automatic);
        return new ArchiveDescription
        {
            Format = Name,
            Content = images.AreVolumes ? ArchiveContent.Volume : images.Count > 1 ? ArchiveContent.Stack : ArchiveContent.Image,
            Shape = mrc.Shape,
            Version = file.Version,
            Files = [path],
            SampleType = mrc.SampleType,
            Codec = MrcFrameMap.PipelineOf(state.Samples, mrc.SampleType).Name,
            Grid = BlockGrid.ForPieces(mrc.Shape, MrcFrameMap.PieceShapeOf(state.Samples, mrc.Shape), mrc.SampleType.LengthBytes()),
            PixelSize = new AngstromVector(
                PixelSize(mrc.Header.CellLengths.X, mrc.Header.Sampling.X), PixelSize(mrc.Header.CellLengths.Y, mrc.Header.Sampling.Y),
                PixelSize(mrc.Header.CellLengths.Z, mrc.Header.Sampling.Z)),
            PreservedHeader = HeaderAsSingle(mrc),
            Remarks =
            [
                $"MRC mode {mrc.Header.Mode}{(mrc.Header.IsBigEndian ? ", big-endian" : "")}, presented as float32",
                .. mrc.Header is { IsBigEndian: true, ExtendedHeaderLengthBytes: > 0, ExtendedHeaderType: not ("SERI" or "AGAR" or "CCP4") }
                    ? (string[])[$"its extended header of {mrc.Header.ExtendedHeaderLengthBytes} bytes is of no known type: numbers in it stay big-endian"]
                    : [],
            ],
            FormatState = state,
        };
    }

    private static float PixelSize(float cellLength, int sampling) => sampling > 0 && cellLength > 0 ? cellLength / sampling : 1;

    /// <summary>The file's own header, word for word but for those that speak of the samples; of a big-endian one the extended header is turned, too,
    /// where its type says how long its numbers are.</summary>
    private static byte[] HeaderAsSingle(MrcInput mrc)
    {
        byte[] header = mrc.HeaderBytes.ToArray();
        if (mrc.Header.IsBigEndian)
        {
            BigEndianMrcHeader.Turn(header.AsSpan(0, MrcHeader.LengthBytes), mrc.Header.HasMapStamp);
            TurnExtendedHeader(mrc.Header.ExtendedHeaderType, header.AsSpan(MrcHeader.LengthBytes));
        }

        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(ModeOffset), 2);
        if (mrc.Header.ImodStamp == MrcHeader.ImodStampValue)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(ImodFlagsOffset), mrc.Header.ImodFlags & ~ImodSampleFlags);
        }

        return header;
    }

    /// <summary>Turns numbers into little-endian ones: SerialEM's are of 2 bytes, the older ones of Agard's layout of 4. CCP4's are text, and of other
    /// types nobody knows: they stay.</summary>
    private static void TurnExtendedHeader(string type, Span<byte> extendedHeader)
    {
        int numberLengthBytes = type switch { "SERI" => 2, "AGAR" => 4, _ => 1 };
        if (numberLengthBytes > 1)
        {
            ByteOrder.Swap(extendedHeader[..(extendedHeader.Length / numberLengthBytes * numberLengthBytes)], numberLengthBytes);
        }
    }
}
