using System.CommandLine;
using VirtualEmFs.Mount.Status;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs retry</c>: lets a parked file be archived again.</summary>
internal static class RetryCommand
{
    public static Command Create()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Folder that emfs is mounted on." };
        var path = new Argument<string>("PATH") { Description = "File of the mount that 'emfs status' lists as parked or failing." };
        var command = new Command(
            "retry", "Tries to archive a file again that could not be archived. Example: emfs retry ~/mrc Micrographs/m1.mrc") { mountPoint, path };
        command.SetAction(result =>
        {
            string place = result.GetRequiredValue(mountPoint);
            StagingClient.Retry(place, MountedPath.InSource(place, result.GetRequiredValue(path)));
            return (int)ExitCode.Success;
        });
        return command;
    }
}
