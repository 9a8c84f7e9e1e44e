using Microsoft.Extensions.Logging;
using VirtualEmFs.MirrorMount;
using VirtualEmFs.Mount.Commands;
using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Mount.Sources;

// usage: VirtualEmFs.MirrorMount SOURCE MOUNTPOINT [--allow-other]
// Shows SOURCE as it is, writable, until it is unmounted, and prints every change that reaches the tree.
using ILoggerFactory log = LoggerFactory.Create(builder => builder.AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace));
var tree = new MirrorTree(args[0], new PosixDisk(DiskFaults.FromEnvironment()), Console.Out);
var options = new FuseHostOptions(args[0])
{
    IsWritable = true,
    AllowOther = args.Contains("--allow-other"),
    Fault = FaultSeam.FromEnvironment(),
};
return (int)MountSession.Run(
    new MountedTree(tree), options, args[1], log.CreateLogger("mirror"), () => Console.WriteLine($"{args[0]} is mounted on {args[1]}"));
