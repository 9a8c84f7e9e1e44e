using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Mount.Commands;

/// <summary>The options of <c>emfs compress</c>: those of e2compress, and what goes beyond them.</summary>
internal sealed class CompressArguments
{
    // e2compress's own, where limits are given without bits.
    private const int DefaultBits = 10;

    private readonly Argument<string[]> _files = new("FILE") { Description = "MRC, MRCZ, TIFF and EER files, EMAN2 archives, or with -r folders of MRC files.", Arity = ArgumentArity.ZeroOrMore };

    private readonly Option<int?> _bits = new("--bits")
    {
        Description = "Bits of a sample: 2-16; 0 for lossless float32; below 0 uncompressed. Without it, rules decide.",
        HelpName = "N",
        CustomParser = static argument => NumberOption.Parse(argument, -1000, 1000),
    };

    private readonly Option<string> _level = new("--compresslevel")
    {
        Description = "Deflate level 0-9, or auto.",
        HelpName = "N",
        DefaultValueFactory = static _ => "auto",
        CustomParser = static argument => argument.Tokens[0].Value == "auto" ? "auto" : $"{NumberOption.Parse(argument, 0, 9)}",
    };

    private readonly Option<bool> _noOutliers = new("--nooutliers") { Description = "Clamp outliers by EMAN2's histogram rule." };

    private readonly Option<NumberPair?> _range = Pair("--range", "a,b", "Clamp to values from a to b.");

    private readonly Option<NumberPair?> _sigmaRange = Pair("--sigrange", "a,b", "Clamp to a sigma below and b sigma above the mean.");

    private readonly Option<string> _nonFinite = new("--nonfinite")
    {
        Description = "What to do with NaN and infinity under --bits: refuse, or store such images losslessly.",
        DefaultValueFactory = static _ => "refuse",
    };

    private readonly Option<string> _thirdAxis = new("--as")
    {
        Description = "Take the third axis for sections or for a volume; by default name and header decide.",
        DefaultValueFactory = static _ => "auto",
    };

    private readonly Option<string> _byteSign = new("--mode0")
    {
        Description = "Take bytes (MRC mode 0) for signed or unsigned numbers.",
        DefaultValueFactory = static _ => "auto",
    };

    // e2compress has "-v 1"; a word that is no number after a bare "-v" is the first FILE.
    private readonly Option<string?> _verbose = new("--verbose", "-v")
    {
        Description = "1 prints a line for each file.",
        HelpName = "N",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public CompressArguments()
    {
        _thirdAxis.AcceptOnlyFromAmong("auto", "sections", "volume");
        _byteSign.AcceptOnlyFromAmong("auto", "signed", "unsigned");
        _nonFinite.AcceptOnlyFromAmong("refuse", "lossless");
    }

    public Option<string?> Output { get; } = new("--output", "-o")
    {
        Description = "The archive of a single file, as EMAN2's tools take it: OUT.hdf, OUT.hdf:5, OUT.hdf:5:f, OUT.hdf:5:lo:hi, OUT.hdf:5:3s:3s.",
        HelpName = "OUT",
    };

    public Option<string?> OutPath { get; } = new("--outpath") { Description = "Folder for the archives; beside their originals by default.", HelpName = "DIR" };

    public Option<bool> Recursive { get; } = new("--recursive", "-r") { Description = "Compress the MRC files in folders; NAME becomes NAME.hdf." };

    public Option<bool> AllFormats { get; } = new("--all-formats") { Description = "With -r: compress the TIFF, EER and MRCZ files in folders, too." };

    public RulesOptions Rules { get; } = new();

    public Option<int> Threads { get; } = NumberOption.Create(
        "--threads", 1, NumberOption.MostThreads, static () => Environment.ProcessorCount, "Threads that compute; all cores by default.");

    public Option<bool> OnlyUnfinished { get; } = new("--only-unfinished") { Description = "Skip files whose archive is there already." };

    public Option<bool> DeleteOriginals { get; } = new("--delete-originals") { Description = "Delete each original once its archive is verified and on the disk." };

    public Option<bool> DryRun { get; } = new("--dry-run") { Description = "Print bits, size, step and error per file; write nothing." };

    public Option<bool> Force { get; } = new("--force") { Description = "Replace archives that exist." };

    public Option<bool> NoSha256 { get; } = new("--no-sha256") { Description = "Leave out the SHA-256 of the original, which is the slowest part on processors without SHA instructions." };

    public Option<bool> Json { get; } = new("--json") { Description = "Print the result as JSON." };

    public void AddTo(Command command)
    {
        command.Add(_files);
        foreach (Option option in new Option[]
        {
            _bits, _level, _noOutliers, _range, _sigmaRange, _nonFinite, Output, OutPath, Recursive, AllFormats, _thirdAxis, _byteSign, Threads,
            OnlyUnfinished, DeleteOriginals, DryRun, Force, NoSha256, Json, _verbose,
        })
        {
            command.Add(option);
        }

        Rules.AddTo(command);
        command.Validators.Add(argument =>
        {
            if (new Option[] { _noOutliers, _range, _sigmaRange }.Count(option => argument.GetResult(option) is { Implicit: false }) > 1)
            {
                argument.AddError("--nooutliers, --range and --sigrange exclude each other");
            }

            if (argument.GetResult(Output) is not null && argument.GetResult(OutPath) is not null)
            {
                argument.AddError($"{Output.Name} and {OutPath.Name} exclude each other: the one names an archive, the other the folder for several");
            }

            Option? byHand = new Option[] { _bits, _noOutliers, _range, _sigmaRange }.FirstOrDefault(option => argument.GetResult(option) is { Implicit: false });
            if (byHand is not null && Rules.GivenIn(argument) is { } rules)
            {
                argument.AddError($"{byHand.Name} and {rules} exclude each other: what is given by hand leaves rules nothing to decide");
            }

            if (FilesOf(argument.GetValue(_verbose), argument.GetValue(_files)).Length == 0)
            {
                argument.AddError("name the files to compress");
            }
        });
    }

    public string[] FilesOf(ParseResult result) => FilesOf(result.GetValue(_verbose), result.GetValue(_files));

    public bool IsVerbose(ParseResult result) => result.GetResult(_verbose) is { Implicit: false }
        && (!int.TryParse(result.GetValue(_verbose), CultureInfo.InvariantCulture, out int level) || level > 0);

    public MrcThirdAxis ThirdAxisOf(ParseResult result) => result.GetValue(_thirdAxis) switch
    {
        "sections" => MrcThirdAxis.Sections,
        "volume" => MrcThirdAxis.Volume,
        _ => MrcThirdAxis.Automatic,
    };

    public MrcByteSign ByteSignOf(ParseResult result) => result.GetValue(_byteSign) switch
    {
        "signed" => MrcByteSign.Signed,
        "unsigned" => MrcByteSign.Unsigned,
        _ => MrcByteSign.Automatic,
    };

    /// <summary>Deflate level; null for automatic.</summary>
    public int? LevelOf(ParseResult result) =>
        int.TryParse(result.GetValue(_level), CultureInfo.InvariantCulture, out int level) ? level : null;

    /// <summary>Bits asked for by hand; null when rules decide.</summary>
    public int? BitsOf(ParseResult result, OutputSpec? output)
    {
        int? bits = result.GetValue(_bits);
        return bits is not null && output?.Bits is not null
            ? throw new TruncationException("bits are given twice: by --bits and after the colon of -o")
            : bits ?? output?.Bits ?? (HasLimits(result) ? DefaultBits : null);
    }

    /// <summary>What was asked for by hand; null when rules decide.</summary>
    public Treatment? TreatmentOf(ParseResult result, OutputSpec? output)
    {
        if (BitsOf(result, output) is not int bits)
        {
            return null;
        }

        if (output?.Bits is not null && Rules.GivenIn(result.CommandResult) is { } rules)
        {
            throw new TruncationException($"the bits after the colon of -o and {rules} exclude each other: what is given by hand leaves rules nothing to decide");
        }

        if (HasLimits(result) && output is { Limits: { } ofOutput } && (ofOutput != LimitRequest.OutliersFitted || result.GetValue(Output)!.EndsWith(":o", StringComparison.Ordinal)))
        {
            throw new TruncationException("limits are given twice: by an option and after the bits of -o, which exclude each other");
        }

        LimitRequest limits = result.GetValue(_noOutliers) ? LimitRequest.Outliers
            : result.GetValue(_range) is { } range ? LimitRequest.Range(range.First, range.Second)
            : result.GetValue(_sigmaRange) is { } sigma ? LimitRequest.Sigma(sigma.First, sigma.Second)
            : output?.Limits ?? LimitRequest.None;
        return Treatment.Explicit(bits, limits) with { KeepsNonFinite = result.GetValue(_nonFinite) == "lossless" };
    }

    private bool HasLimits(ParseResult result) =>
        result.GetValue(_noOutliers) || result.GetValue(_range) is not null || result.GetValue(_sigmaRange) is not null;

    private static string[] FilesOf(string? verbose, string[]? files) =>
        verbose is null || int.TryParse(verbose, CultureInfo.InvariantCulture, out _) ? files ?? [] : [verbose, .. files ?? []];

    private sealed record NumberPair(double First, double Second);

    private static Option<NumberPair?> Pair(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = argument =>
        {
            if (argument.Tokens is not [Token token])
            {
                return null;
            }

            string[] parts = token.Value.Split(',');
            if (parts.Length == 2
                && double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double first)
                && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double second))
            {
                return new NumberPair(first, second);
            }

            argument.AddError($"'{token.Value}' is not two numbers separated by a comma");
            return null;
        },
    };
}
