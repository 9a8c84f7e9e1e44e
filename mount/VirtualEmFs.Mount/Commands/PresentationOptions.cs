using System.CommandLine;
using System.CommandLine.Parsing;
using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Mrc;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Mount.Commands;

/// <summary>How archives are presented where there is a choice: the same options wherever archives are opened.</summary>
internal sealed class PresentationOptions
{
    private readonly Option<int> _eerGrouping = NumberOption.Create(
        "--eer-grouping", 1, ushort.MaxValue, static () => FormatOptions.Default.EerGrouping,
        "Internal frames of an EER movie that are summed into one frame.");

    private readonly Option<int> _eerUpsampling = NumberOption.Create(
        "--eer-upsampling", 1, 2, static () => FormatOptions.Default.EerUpsampling,
        "1: EER movies on the sensor's pixels; 2: on pixels of half their size.");

    public PresentationOptions() => _eerUpsampling.HelpName = "1|2";

    private readonly Option<bool> _single = new("--float32")
    {
        Description = "Present plain MRC files of modes 0, 1, 6, 12 and 101, and big-endian ones, as float32 under their own names.",
    };

    private readonly Option<MrcByteSign> _byteSign = new("--mode0")
    {
        Description = "Take bytes (MRC mode 0) for signed or unsigned numbers; by default header and bytes decide.",
        HelpName = "signed|unsigned",
        CustomParser = static argument => argument.Tokens is [{ Value: "signed" }] ? MrcByteSign.Signed
            : argument.Tokens is [{ Value: "unsigned" }] ? MrcByteSign.Unsigned
            : Refuse(argument),
    };

    /// <summary>Adds the options of archives alone.</summary>
    public void AddTo(Command command)
    {
        command.Add(_eerGrouping);
        command.Add(_eerUpsampling);
    }

    /// <summary>Adds those of plain MRC files, too.</summary>
    public void AddAllTo(Command command)
    {
        AddTo(command);
        command.Add(_single);
        command.Add(_byteSign);
    }

    /// <summary>True when plain MRC files are presented as float32.</summary>
    public bool ConvertsMrcFiles(ParseResult result) => result.GetValue(_single);

    /// <inheritdoc cref="ConvertsMrcFiles(ParseResult)"/>
    public bool ConvertsMrcFiles(CommandResult result) => result.GetValue(_single);

    /// <summary>How bytes of MRC files are taken.</summary>
    public MrcByteSign ByteSignOf(ParseResult result) => result.GetValue(_byteSign);

    /// <summary>The formats as a command line asks for them.</summary>
    public IArchiveFormats FormatsOf(ParseResult result) => new ArchiveFormats(OptionsOf(result));

    private FormatOptions OptionsOf(ParseResult result) => new()
    {
        EerGrouping = result.GetValue(_eerGrouping),
        EerUpsampling = result.GetValue(_eerUpsampling),
        PresentsMrcAsSingle = result.GetValue(_single),
        ByteSign = result.GetValue(_byteSign),
    };

    private static MrcByteSign Refuse(ArgumentResult argument)
    {
        argument.AddError("--mode0 is signed or unsigned");
        return MrcByteSign.Automatic;
    }
}
