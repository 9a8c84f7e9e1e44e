using System.CommandLine;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Mount.Commands;

/// <summary>How archives are presented where there is a choice: the same options wherever archives are opened.</summary>
internal sealed class PresentationOptions
{
    private readonly Option<int> _eerGrouping = new("--eer-grouping")
    {
        Description = "Internal frames of an EER movie that are summed into one frame.",
        HelpName = "N",
        DefaultValueFactory = static _ => FormatOptions.Default.EerGrouping,
    };

    private readonly Option<int> _eerUpsampling = new("--eer-upsampling")
    {
        Description = "1: EER movies on the sensor's pixels; 2: on pixels of half their size.",
        HelpName = "1|2",
        DefaultValueFactory = static _ => FormatOptions.Default.EerUpsampling,
    };

    public void AddTo(Command command)
    {
        command.Add(_eerGrouping);
        command.Add(_eerUpsampling);
        Limit(_eerGrouping, ushort.MaxValue);
        Limit(_eerUpsampling, 2);
    }

    /// <summary>The formats as a command line asks for them.</summary>
    public IArchiveFormats FormatsOf(ParseResult result) => new ArchiveFormats(OptionsOf(result));

    private FormatOptions OptionsOf(ParseResult result) => new()
    {
        EerGrouping = result.GetValue(_eerGrouping),
        EerUpsampling = result.GetValue(_eerUpsampling),
    };

    private static void Limit(Option<int> option, int largest) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() is int value && (value < 1 || value > largest))
        {
            result.AddError($"{option.Name} is a number from 1 to {largest}");
        }
    });
}
