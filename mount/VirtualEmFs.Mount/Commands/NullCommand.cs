using System.CommandLine;
using VirtualEmFs.Mount.Fuse;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs null</c>: mounts files of zeros, to measure what the host itself can do. Hidden: for benchmarks and tests.</summary>
internal static class NullCommand
{
    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "An empty folder." };
        Option<Quantity<long>> size = Quantities.Bytes("--size", "1GiB", "Length of each file.");
        var files = new Option<int>("--files") { Description = "Files in the folder.", DefaultValueFactory = _ => 1 };
        var directIo = new Option<bool>("--direct-io") { Description = "Let no page cache keep what was read." };
        var mounting = new MountingOptions();
        var command = new Command("null", "Mounts files of zeros. Example: emfs null /mnt/zeros --size 1GiB --files 8")
        {
            mountPoint, size, files, directIo,
        };
        command.Hidden = true;
        mounting.AddTo(command);
        command.SetAction(result => mounting.Run(result, null, result.GetRequiredValue(mountPoint), (_, _, _) =>
            new MountedTree(new NullTree(result.GetValue(files), result.GetValue(size).Value, result.GetValue(directIo)))));
        return command;
    }
}
