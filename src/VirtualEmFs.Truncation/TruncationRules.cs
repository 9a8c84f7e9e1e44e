using System.Collections.Immutable;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Truncation;

/// <summary>
/// Decides the treatment of a file by its name and kind: the user's rules, first match first, then those of a profile.
/// </summary>
/// <remarks>
/// Whatever the rule, NaN and infinity are kept losslessly, and whole numbers exactly unless the rule says <c>truncateIntegers</c>;
/// <see cref="PlanSearch"/> sees to that. Immutable; any thread. Source: semantics.md, Writing: Rules.
/// </remarks>
public sealed class TruncationRules
{
    private static readonly ImmutableArray<TruncationRule> s_losslessByName =
    [
        .. ((ReadOnlySpan<string>)
        [
            "*gain*", "*dark*", "*defect*", "*mask*", "*label*", "*seg*", "*half*", "*unfil*", "*weight*", "*external_reconstruct*",
            "*power*", "PS.*", "PS_*", "*_PS.*", "*_PS_*", "*-PS.*",
        ]).ToArray().Select(glob => new TruncationRule { Glob = glob, Bits = 0 }),
    ];

    private readonly ImmutableArray<TruncationRule> _own;
    private readonly ImmutableArray<TruncationRule> _profile;
    private readonly bool _isBuiltIn;

    private TruncationRules(ImmutableArray<TruncationRule> own, ImmutableArray<TruncationRule> profile, bool isBuiltIn) =>
        (_own, _profile, _isBuiltIn) = (own, profile, isBuiltIn);

    /// <summary>The rules without a file: volumes 12 bits, other floats 10, calibration and half maps losslessly, no clamping.</summary>
    public static TruncationRules BuiltIn { get; } = new(
        [],
        [
            .. s_losslessByName,
            new TruncationRule { Glob = "*", Volumes = true, Bits = 12 },
            new TruncationRule { Glob = "*", Bits = 10 },
        ],
        isBuiltIn: true);

    /// <summary>
    /// The paper's figures: micrographs and particles 5 bits after one clamp at 4 sigma, averages 10, raw tomograms and soft masks 8,
    /// filtered tomograms and other volumes 12, diffraction never.
    /// </summary>
    public static TruncationRules Paper { get; } = new(
        [],
        [
            new TruncationRule { Glob = "*diff*", Bits = 0 },
            new TruncationRule { Glob = "*mask*", Bits = 8 },
            .. s_losslessByName,
            new TruncationRule { Glob = "*filt*", Volumes = true, Bits = 12 },
            new TruncationRule { Glob = "*denois*", Volumes = true, Bits = 12 },
            new TruncationRule { Glob = "*deconv*", Volumes = true, Bits = 12 },
            new TruncationRule { Glob = "*.rec", Volumes = true, Bits = 8 },
            new TruncationRule { Glob = "*tomo*", Volumes = true, Bits = 8 },
            new TruncationRule { Glob = "*", Volumes = true, Bits = 12 },
            new TruncationRule { Glob = "*avg*", Bits = 10 },
            new TruncationRule { Glob = "*average*", Bits = 10 },
            new TruncationRule { Glob = "*class*", Bits = 10 },
            new TruncationRule { Glob = "*", Bits = 5, Limits = LimitRequest.Sigma(4, 4) },
        ],
        isBuiltIn: false);

    /// <summary>These rules behind a user's own.</summary>
    public TruncationRules Behind(IEnumerable<TruncationRule> own) => new([.. own, .. _own], _profile, _isBuiltIn);

    /// <summary>All rules in the order in which they are tried.</summary>
    public IEnumerable<TruncationRule> Rules => _own.Concat(_profile);

    /// <summary>What is to be done with a file of which only the name is known.</summary>
    /// <param name="relativePath">Path below the source folder, with slashes.</param>
    public Treatment ForName(string relativePath) => For(
        relativePath,
        MrcNames.HintOf(relativePath) switch
        {
            MrcNameHint.Stack => ArchiveContent.Stack,
            MrcNameHint.Volume => ArchiveContent.Volume,
            _ => ArchiveContent.Image,
        },
        mrcMode: 2);

    /// <summary>What is to be done with a file.</summary>
    /// <param name="relativePath">Path below the source folder, with slashes.</param>
    /// <param name="content">What the file's frames are to each other.</param>
    /// <param name="mrcMode">The MRC mode of the file.</param>
    public Treatment For(string relativePath, ArchiveContent content, int mrcMode)
    {
        ArgumentNullException.ThrowIfNull(relativePath);
        TruncationRule? own = _own.FirstOrDefault(rule => rule.Matches(relativePath, content));
        TruncationRule byContent = _profile.First(rule => rule.Matches(relativePath, content));
        bool isOwnChoice = own?.Bits is not null;
        TruncationRule bitsRule = isOwnChoice ? own! : byContent;
        // What nobody chose is kept where truncation is not known to be safe: half floats, and movies that are mostly zeros.
        bool isHalfFloat = mrcMode == 12 && !isOwnChoice;
        string byContentRule = isHalfFloat ? "mode 12: lossless" : byContent.ToString();
        return new Treatment
        {
            Bits = isHalfFloat ? 0 : bitsRule.Bits!.Value,
            Limits = (own is not null && own.Limits.Kind != LimitKind.None ? own : bitsRule).Limits,
            TruncatesIntegers = own?.TruncatesIntegers ?? false,
            KeepsSparse = !isOwnChoice && _isBuiltIn && content == ArchiveContent.Stack,
            MaxStepSigma = (own ?? byContent).MaxStepSigma,
            KeepsRaw = own?.KeepsRaw ?? false,
            Delay = own?.Delay,
            Level = own?.Level,
            Rule = own is null ? byContentRule : isOwnChoice || own.KeepsRaw ? own.ToString() : $"{own}; {byContentRule}",
        };
    }
}
