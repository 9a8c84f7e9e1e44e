using System.CommandLine;
using VirtualEmFs.Archives;
using VirtualEmFs.Mount.Commands;

var root = new RootCommand("VirtualEmFs shows compressed cryo-EM archives as ordinary .mrc files.")
{
    MountCommand.Create(),
    UnmountCommand.Create(),
    StatusCommand.Create(),
    FlushCommand.Create(),
    RetryCommand.Create(),
    RecoverCommand.Create(),
    RestoreCommand.Create(),
    CompressCommand.Create(),
    RulesCommand.Create(),
    InfoCommand.Create(),
    ExtractCommand.Create(),
    VerifyCommand.Create(),
    DemoCommand.Create(new ArchiveFormats()),
    NullCommand.Create(),
};
return CommandLineProgram.Run(root, args);
