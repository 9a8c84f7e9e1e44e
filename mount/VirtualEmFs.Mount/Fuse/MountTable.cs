using System.Text;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>One mount of this process's mount namespace.</summary>
/// <param name="Device">major:minor.</param>
/// <param name="Type">File system type: <c>fuse.emfs</c> for ours.</param>
/// <param name="Options">The file system's own options; FUSE shows user_id= there.</param>
internal sealed record MountedFileSystem(string MountPoint, string Device, string Type, string Source, string Options)
{
    /// <summary>A mount of this program.</summary>
    public bool IsEmfs => Type == "fuse.emfs";

    /// <summary>Programs may write through it.</summary>
    public bool IsWritable => Options.Split(',').Contains("rw");

    /// <summary>The user who mounted it, as FUSE shows it; 0 where it shows none.</summary>
    public uint UserId
    {
        get
        {
            string? text = Options.Split(',').FirstOrDefault(static option => option.StartsWith("user_id=", StringComparison.Ordinal));
            return text is null ? 0 : uint.Parse(text["user_id=".Length..]);
        }
    }

    /// <summary>Refuses what only the user who mounted it, and root, may ask for.</summary>
    /// <exception cref="CommandException">It is another user's.</exception>
    public void RequireOwn()
    {
        if (!LinuxProcess.IsRoot && UserId != LinuxProcess.UserId)
        {
            throw new CommandException(
                ExitCode.Failure, $"{PathBytes.ForDisplay(MountPoint)} was mounted by another user, whose number is {UserId}: only they and root can ask it or end it");
        }
    }
}

/// <summary>What is mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5)): asking it touches no mount.</summary>
internal static class MountTable
{
    /// <summary>The topmost mount on exactly this path; null when there is none.</summary>
    /// <param name="mountPoint">Absolute, links resolved.</param>
    public static MountedFileSystem? Find(string mountPoint) => Read().LastOrDefault(mount => mount.MountPoint == mountPoint);

    public static IReadOnlyList<MountedFileSystem> Read() => Parse(File.ReadAllBytes("/proc/self/mountinfo"));

    // 36 35 98:0 /root /mount/point options [tags...] - type source superoptions
    internal static IReadOnlyList<MountedFileSystem> Parse(ReadOnlySpan<byte> mountinfo)
    {
        var mounts = new List<MountedFileSystem>();
        foreach (string line in PathBytes.Decode(mountinfo).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split(' ');
            int separator = Array.IndexOf(fields, "-");
            if (separator >= 6 && fields.Length > separator + 3)
            {
                mounts.Add(new MountedFileSystem(
                    Unescape(fields[4]), fields[2], fields[separator + 1], Unescape(fields[separator + 2]), fields[separator + 3]));
            }
        }

        return mounts;
    }

    // The kernel writes space, tab, newline and backslash as \ooo (octal).
    private static string Unescape(string field)
    {
        if (!field.Contains('\\'))
        {
            return field;
        }

        var text = new StringBuilder();
        for (int i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}
