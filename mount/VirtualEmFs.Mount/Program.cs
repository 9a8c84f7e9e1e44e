using System.CommandLine;
using VirtualEmFs.Archives;
using VirtualEmFs.Mount.Commands;

var formats = new ArchiveFormats();
var root = new RootCommand("VirtualEmFs shows compressed cryo-EM archives as ordinary .mrc files.")
{
    MountCommand.Create(formats),
    UnmountCommand.Create(),
    StatusCommand.Create(),
    CompressCommand.Create(formats),
    InfoCommand.Create(formats),
    ExtractCommand.Create(formats),
    VerifyCommand.Create(formats),
    DemoCommand.Create(formats),
    NullCommand.Create(),
};
return CommandLineProgram.Run(root, args);
