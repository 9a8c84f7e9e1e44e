namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>What an archive says about one frame: an image of a stack, or a section of a volume.</summary>
/// <param name="LargestError">Largest error of the samples within the limits; 0 when lossless.</param>
/// <param name="RmsError">Root of the mean squared error of all samples.</param>
/// <param name="StepOverSigma">Step between stored values, over the robust sigma of the image or volume; 0 when lossless, or without sigma.</param>
/// <param name="TruncatedCount">Samples that lay outside the limits.</param>
/// <param name="IsClamped">True when limits narrower than the samples were asked for.</param>
/// <param name="Checksum">CRC-32C of the stored samples: rows in order, little-endian.</param>
/// <param name="LimitsChecksum"><see cref="ProvenanceChecksums.OfLimits"/>, which the writer fills in; null where an archive has none.</param>
public readonly record struct FrameRecord(
    float LargestError, float RmsError, float StepOverSigma, long TruncatedCount, bool IsClamped, uint Checksum, uint? LimitsChecksum = null);
