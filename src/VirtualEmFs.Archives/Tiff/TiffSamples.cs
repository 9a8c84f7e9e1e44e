using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Tiff;

/// <summary>How the samples of a page are stored.</summary>
/// <param name="Type">Their type once decoded.</param>
/// <param name="StoredLengthBytes">Length of a stored element: a sample, or a byte of two samples.</param>
/// <param name="ArePacked">Two 4-bit samples to a byte.</param>
internal readonly record struct TiffSamples(SampleType Type, int StoredLengthBytes, bool ArePacked)
{
    /// <summary>The samples of a directory.</summary>
    /// <returns>Why they are no image that can be shown; null when they are.</returns>
    public static string? Find(TiffDirectory directory, long width, long length, out TiffSamples samples)
    {
        samples = default;
        long samplesPerPixel = directory.Integer(TiffTag.SamplesPerPixel, 1);
        if (samplesPerPixel != 1)
        {
            return $"it has {samplesPerPixel} samples per pixel (a colour image)";
        }

        long bits = directory.Integer(TiffTag.BitsPerSample, 1);
        long format = directory.Integer(TiffTag.SampleFormat, 1);
        SampleType? type = (bits, format) switch
        {
            (8, 1) => SampleType.UInt8,
            (8, 2) => SampleType.Int8,
            (16, 1) => SampleType.UInt16,
            (16, 2) => SampleType.Int16,
            (16, 3) => SampleType.Float16,
            (32, 1) => SampleType.UInt32,
            (32, 2) => SampleType.Int32,
            (32, 3) => SampleType.Float32,
            (64, 3) => SampleType.Float64,
            _ => null,
        };
        if (type is not SampleType known)
        {
            return $"samples of {bits} bits in format {format} are not supported";
        }

        bool arePacked = bits == 8 && AreHalfOfSuperResolution(width, length);
        samples = arePacked ? new TiffSamples(SampleType.UInt8, 1, true) : new TiffSamples(known, known.LengthBytes(), false);
        return null;
    }

    /// <summary>The steps from samples to stored bytes.</summary>
    /// <param name="columns">Stored elements of a piece's row.</param>
    /// <returns>Null when the predictor cannot be undone.</returns>
    public Pipeline? PipelineOf(TiffCompression compression, TiffDirectory directory, int columns)
    {
        var steps = ImmutableArray.CreateBuilder<FilterStep>();
        if (ArePacked)
        {
            steps.Add(new FilterStep(FilterKind.UnpackNibbles));
        }

        long predictor = compression.HasPredictor ? directory.Integer(TiffTag.Predictor, 1) : 1;
        bool isFloat = Type is SampleType.Float16 or SampleType.Float32 or SampleType.Float64;
        if (predictor is < 1 or > 3 || (predictor == 3 && !isFloat))
        {
            return null;
        }

        if (predictor != 1)
        {
            steps.Add(new FilterStep(FilterKind.Predictor, [(int)predictor, columns, StoredLengthBytes]));
        }

        // Predictor 3 has the most significant bytes first in every file.
        if (StoredLengthBytes > 1 && predictor != 3 && directory.Reader.IsBigEndian == BitConverter.IsLittleEndian)
        {
            steps.Add(new FilterStep(FilterKind.ByteSwap, [StoredLengthBytes]));
        }

        if (compression.Step is FilterStep step)
        {
            steps.Add(step);
        }

        if (directory.Integer(TiffTag.FillOrder, 1) == 2)
        {
            steps.Add(new FilterStep(FilterKind.ReverseBits));
        }

        return steps.Count == 0 ? Pipeline.Identity : new Pipeline(steps.ToImmutable());
    }

    // Super-resolution frames of the K2 and K3 are packed under a width of half their own; nothing but these sizes tells so
    // (spec/relion-tiff-eer.md section 1.4).
    private static bool AreHalfOfSuperResolution(long width, long length) => (Math.Min(width, length), Math.Max(width, length)) is
        (5760, 8184) or (4092, 11520) or (3710, 7676) or (3838, 7420);
}
