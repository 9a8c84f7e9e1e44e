using System.CommandLine;
using VirtualEmFs.Mount.Commands;

var root = new RootCommand("VirtualEmFs shows compressed cryo-EM archives as ordinary .mrc files.")
{
    UnmountCommand.Create(),
    StatusCommand.Create(),
    NullCommand.Create(),
};
return CommandLineProgram.Run(root, args);
