using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Sums up, over the images of one file, how they are stored and what that did to them.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class CompressionAccount
{
    // Lossless images count as those of most bits, and show as 0.
    private const int Lossless = int.MaxValue;

    // Each image has figures of its own in its warnings: those of thousands of particles would say no more than a few do.
    private const int MostWarnings = 3;

    private readonly HashSet<string> _reasons = [];
    private readonly HashSet<string> _warnings = [];
    private int _warnedCount;
    private QuantizationReport _total;
    private int _fewestBits = Lossless, _mostBits;
    private int _guardedCount;
    private double _stepOverSigma;

    public void Add(TruncationPlan plan, in QuantizationReport report)
    {
        int bits = plan.IsLossless ? Lossless : plan.Limits.Bits;
        (_fewestBits, _mostBits) = (Math.Min(_fewestBits, bits), Math.Max(_mostBits, bits));
        _guardedCount += plan.IsGuarded ? 1 : 0;
        _stepOverSigma = Math.Max(_stepOverSigma, plan.StepOverSigma);
        _total = _total.Merge(report);
        _reasons.Add(plan.Reason);
        _warnedCount += plan.Warnings.IsEmpty ? 0 : 1;
        _warnings.UnionWith(plan.Warnings.Take(MostWarnings - _warnings.Count));
    }

    /// <summary>What became of the file.</summary>
    public CompressionReport Report(ICompressionInput input, int frameCount, string outputPath, long outputLengthBytes, string rule) => new()
    {
        InputPath = input.File.Path,
        OutputPath = outputPath,
        InputLengthBytes = input.File.LengthBytes,
        OutputLengthBytes = outputLengthBytes,
        ImageCount = input.ImageCount,
        FrameCount = frameCount,
        AreVolumes = input.Content == ArchiveContent.Volume || (input.Content == ArchiveContent.Folder && frameCount > input.ImageCount),
        Bits = new BitRange(_fewestBits == Lossless ? 0 : _fewestBits, _mostBits == Lossless ? 0 : _mostBits),
        GuardedCount = _guardedCount,
        TruncatedCount = _total.TruncatedCount,
        LargestError = _total.LargestError,
        LargestMove = _total.LargestMove,
        RmsError = _total.RmsError,
        StepOverSigma = _stepOverSigma,
        Rule = rule,
        Reasons = [.. _reasons],
        Warnings = _warnedCount > 1 ? [.. _warnings, $"so for {_warnedCount} of {input.ImageCount} images"] : [.. _warnings],
    };
}
