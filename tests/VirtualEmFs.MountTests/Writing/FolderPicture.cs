using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>All that programs see of a folder: names, kinds, attributes and contents, as lines that can be compared.</summary>
internal static class FolderPicture
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    // 2001; what is later was set by the file system itself, at a time that differs from folder to folder.
    private const long FirstSecond = 1_000_000_000;
    private const long LastSecond = FirstSecond + 100_000_000;

    /// <summary>A time that programs set, in ns since 1970.</summary>
    public static long TimeOf(int seed) => ((FirstSecond + (seed & 0xFFFFFF)) * NanosecondsPerSecond) + (seed % 1000);

    /// <summary>A line for each name, sorted; a name that a listing gives twice has two.</summary>
    public static List<string> Take(string folder, bool withContents)
    {
        var lines = new List<string>();
        Add(folder, "", withContents, lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>Kind, permissions, links, owner, length, and the time where a program has set it.</summary>
    public static string Describe(in Statx stat)
    {
        long seconds = stat.stx_mtime.tv_sec;
        string time = seconds < LastSecond && !stat.IsFolder ? stat.stx_mtime.Nanoseconds.ToString() : "now";
        string length = stat.IsFolder ? "folder" : $"{stat.stx_size} bytes";
        return $"{Convert.ToString(stat.stx_mode, 8)} links {stat.stx_nlink} owner {stat.stx_uid}:{stat.stx_gid} {length} time {time}";
    }

    public static string DescribeContent(SafeFileHandle file, long lengthBytes)
    {
        var content = new byte[lengthBytes + 1];
        int count = 0, errno, readBytes;
        do
        {
            errno = LinuxFile.Read(file, count, content.AsSpan(count), out readBytes);
            count += readBytes;
        }
        while (errno == 0 && readBytes > 0 && count < content.Length);

        // EBADF: opened only for writing.
        return errno != 0 ? $"error {errno}" : $"{count} bytes {Convert.ToHexString(SHA256.HashData(content.AsSpan(0, count)))[..12]}";
    }

    private static void Add(string folder, string prefix, bool withContents, List<string> lines)
    {
        int errno = LinuxTree.List(folder, out var entries);
        if (errno != 0)
        {
            lines.Add($"{prefix}: cannot be listed: {Errno.Message(errno)}");
        }

        foreach (var entry in entries)
        {
            string path = $"{folder}/{entry.Name}", shown = prefix + entry.Name;
            errno = LinuxFile.Stat(path, followLinks: false, out var stat);
            if (errno != 0)
            {
                lines.Add($"{shown}: listed, but {Errno.Message(errno)}");
                continue;
            }

            lines.Add($"{shown}: type {entry.Type} {Describe(stat)}{(withContents ? DescribeContentOf(path, stat) : "")}");
            if (stat.IsFolder)
            {
                Add(path, shown + "/", withContents, lines);
            }
        }
    }

    private static string DescribeContentOf(string path, in Statx stat)
    {
        if (stat.FileType == 0xA000)
        {
            return LinuxTree.ReadLink(path, out string target) == 0 ? $" -> {target}" : " cannot be read";
        }

        string attributes = DescribeExtendedAttributes(path);
        if (!stat.IsRegularFile)
        {
            return attributes;
        }

        int errno = LinuxFile.Open(path, LinuxFile.O_RDONLY, out var file);
        using (file)
        {
            return errno != 0 ? $" cannot be opened: {Errno.Message(errno)}" : $" {DescribeContent(file!, (long)stat.stx_size)}{attributes}";
        }
    }

    private static string DescribeExtendedAttributes(string path)
    {
        int errno = LinuxTree.ListExtendedAttributes(path, out var names);
        if (errno != 0)
        {
            return $" attributes: {Errno.Message(errno)}";
        }

        string text = "";
        foreach (string name in names.Where(name => !name.StartsWith("user.emfs.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            errno = LinuxTree.GetExtendedAttribute(path, name, out byte[] value);
            text += $" {name}={(errno == 0 ? Convert.ToHexString(value) : Errno.Message(errno))}";
        }

        return text;
    }
}
