using VirtualEmFs.Archives.Hdf5.Writing;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>
/// Tells whether frames still fit the mode of the MRC file that an archive was made from. An image that EMAN2 puts in the place of one of
/// them has fractions, as a rule, and rendering it in a mode of whole numbers would round them away.
/// </summary>
/// <remarks>Immutable; any thread.</remarks>
internal sealed class ModeRecord
{
    private const int Float16Mode = 12;

    private readonly int _mode;
    private readonly uint[]? _limitsChecksums; // null in older archives
    private readonly bool[] _areExact; // of older archives: frames that nothing was rounded in

    private ModeRecord(int mode, uint[]? limitsChecksums, bool[] areExact) =>
        (_mode, _limitsChecksums, _areExact) = (mode, limitsChecksums, areExact);

    /// <summary>Reads what the archive says about its frames: 4 bytes for each, or 8 in older archives.</summary>
    /// <param name="group">The root group <c>/VirtualEmFs</c>.</param>
    public static ModeRecord Read(Hdf5File file, Hdf5Object group, int mode)
    {
        if (RecordedFields.Read<uint>(file, group, ProvenanceNames.LimitsChecksum, SampleType.UInt32) is { } limitsChecksums)
        {
            return new ModeRecord(mode, limitsChecksums, []);
        }

        float[] largestErrors = RecordedFields.Read<float>(file, group, ProvenanceNames.LargestError, SampleType.Float32) ?? [];
        float[] rmsErrors = RecordedFields.Read<float>(file, group, ProvenanceNames.RmsError, SampleType.Float32) ?? [];
        return new ModeRecord(mode, null, [.. largestErrors.Zip(rmsErrors, static (largest, rms) => largest == 0 && rms == 0)]);
    }

    /// <summary>True unless one of the frames is stored otherwise than it was when the mode was recorded. Frames without a record fit.</summary>
    public bool Fits(int firstFrame, int frameCount, SampleType type, Rescale rescale)
    {
        if (_limitsChecksums is not null)
        {
            uint found = ProvenanceChecksums.OfLimits(type, rescale);
            return !Of(_limitsChecksums, firstFrame, frameCount).ContainsAnyExcept(found);
        }

        // What was rounded has limits of any kind; what was not had only whole numbers.
        return _mode == Float16Mode || CanBeWhole(rescale) || !Of(_areExact, firstFrame, frameCount).Contains(true);
    }

    private static ReadOnlySpan<T> Of<T>(T[] field, int firstFrame, int frameCount)
    {
        int start = Math.Min(firstFrame, field.Length);
        return field.AsSpan(start, Math.Min(frameCount, field.Length - start));
    }

    /// <summary>True when whole numbers are stored as whole steps, or only the limits themselves are (0 and 1, say, in 2 bits).</summary>
    private static bool CanBeWhole(Rescale rescale)
    {
        if (rescale.IsNone)
        {
            return true;
        }

        double range = (double)rescale.Maximum - rescale.Minimum;
        return float.IsInteger(rescale.Minimum) && (range is 0 or 1 || range % ((1UL << rescale.Bits) - 1) == 0);
    }
}
