using System.Diagnostics;
using System.Runtime.InteropServices;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Native.Fuse3;

/// <summary>
/// Our structs against the C compiler's, where gcc and libfuse's headers are installed, and otherwise against what they gave for libfuse 3.14.
/// A difference would show as wrong sizes, times or modes in the mount, or as a crash.
/// </summary>
public sealed class LayoutTests
{
    private const string RecordedFor314 = """
        stat 144
        stat.st_ino 8
        stat.st_nlink 16
        stat.st_mode 24
        stat.st_uid 28
        stat.st_gid 32
        stat.st_rdev 40
        stat.st_size 48
        stat.st_blksize 56
        stat.st_blocks 64
        stat.st_atim 72
        stat.st_mtim 88
        stat.st_ctim 104
        statvfs 112
        statvfs.f_bsize 0
        statvfs.f_frsize 8
        statvfs.f_blocks 16
        statvfs.f_bfree 24
        statvfs.f_bavail 32
        statvfs.f_files 40
        statvfs.f_ffree 48
        statvfs.f_favail 56
        statvfs.f_flag 72
        statvfs.f_namemax 80
        fuse_entry_param 176
        fuse_entry_param.ino 0
        fuse_entry_param.generation 8
        fuse_entry_param.attr 16
        fuse_entry_param.attr_timeout 160
        fuse_entry_param.entry_timeout 168
        fuse_file_info.flags 0
        fuse_file_info.fh 16
        fuse_file_info.lock_owner 24
        fuse_conn_info.max_write 8
        fuse_conn_info.max_readahead 16
        fuse_conn_info.capable 20
        fuse_conn_info.want 24
        fuse_conn_info.max_background 28
        fuse_conn_info.congestion_threshold 32
        fuse_conn_info.time_gran 36
        fuse_ctx.uid 0
        fuse_ctx.gid 4
        fuse_ctx.pid 8
        fuse_ctx.umask 12
        fuse_forget_data 16
        fuse_forget_data.nlookup 8
        fuse_args 24
        fuse_args.argv 8
        fuse_args.allocated 16
        fuse_buf.size 0
        fuse_buf.flags 8
        fuse_buf.mem 16
        fuse_buf.fd 24
        fuse_buf.pos 32
        fuse_lowlevel_ops.destroy 8
        fuse_lowlevel_ops.lookup 16
        fuse_lowlevel_ops.getattr 32
        fuse_lowlevel_ops.setattr 40
        fuse_lowlevel_ops.mknod 56
        fuse_lowlevel_ops.mkdir 64
        fuse_lowlevel_ops.unlink 72
        fuse_lowlevel_ops.rmdir 80
        fuse_lowlevel_ops.symlink 88
        fuse_lowlevel_ops.rename 96
        fuse_lowlevel_ops.link 104
        fuse_lowlevel_ops.open 112
        fuse_lowlevel_ops.read 120
        fuse_lowlevel_ops.write 128
        fuse_lowlevel_ops.release 144
        fuse_lowlevel_ops.fsync 152
        fuse_lowlevel_ops.opendir 160
        fuse_lowlevel_ops.fsyncdir 184
        fuse_lowlevel_ops.statfs 192
        fuse_lowlevel_ops.setxattr 200
        fuse_lowlevel_ops.getxattr 208
        fuse_lowlevel_ops.listxattr 216
        fuse_lowlevel_ops.removexattr 224
        fuse_lowlevel_ops.access 232
        fuse_lowlevel_ops.create 240
        fuse_lowlevel_ops.forget_multi 304
        fuse_lowlevel_ops.fallocate 320
        fuse_lowlevel_ops.readdirplus 328
        fuse_lowlevel_ops.copy_file_range 336
        fuse_lowlevel_ops.lseek 344
        """;

    private static readonly Dictionary<string, Type> s_types = new Type[]
    {
        typeof(stat), typeof(statvfs), typeof(fuse_entry_param), typeof(fuse_file_info), typeof(fuse_conn_info), typeof(fuse_ctx),
        typeof(fuse_forget_data), typeof(fuse_args), typeof(fuse_buf), typeof(fuse_lowlevel_ops),
    }.ToDictionary(static type => type.Name);

    [Fact]
    public void Structs_AgainstTheCCompiler_HaveTheSameSizesAndOffsets()
    {
        string[] names = [.. RecordedFor314.Split('\n').Select(static line => line.Trim().Split(' ')[0])];
        Dictionary<string, string> expected = ToDictionary(Probe(names) ?? RecordedFor314);

        var actual = new Dictionary<string, string>();
        foreach (string name in names)
        {
            string[] parts = name.Split('.');
            actual.Add(name, (parts is [var type, var field]
                ? (int)Marshal.OffsetOf(s_types[type], field)
                : Marshal.SizeOf(s_types[name])).ToString());
        }

        Assert.Equal(expected.Where(pair => actual.ContainsKey(pair.Key)).OrderBy(static pair => pair.Key), actual.OrderBy(static pair => pair.Key));
    }

    [Fact]
    public void FileInfoBits_AgainstTheCCompiler_AreTheSame()
    {
        Dictionary<string, string> expected = ToDictionary(Probe([]) ?? "direct_io 2\nkeep_cache 4\nops 352\nfile_info 40\nbuf 40");

        Assert.Equal(expected["direct_io"], fuse_file_info.direct_io.ToString());
        Assert.Equal(expected["keep_cache"], fuse_file_info.keep_cache.ToString());

        // Later releases append to these: theirs may be longer than our table, and ours must have room for what they read and write.
        Assert.True(int.Parse(expected["ops"]) >= Marshal.SizeOf<fuse_lowlevel_ops>());
        Assert.True(int.Parse(expected["file_info"]) <= Marshal.SizeOf<fuse_file_info>());
        Assert.True(int.Parse(expected["buf"]) <= Marshal.SizeOf<fuse_buf>());
    }

    private static Dictionary<string, string> ToDictionary(string lines) => lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(static line => line.Trim().Split(' '))
        .ToDictionary(static parts => parts[0], static parts => parts[1]);

    // Null where there is no compiler or no header.
    private static string? Probe(IEnumerable<string> names)
    {
        if (!File.Exists("/usr/bin/gcc") || !File.Exists("/usr/include/fuse3/fuse_lowlevel.h"))
        {
            return null;
        }

        IEnumerable<string> lines = names.Select(static name => name.Split('.') is [var type, var field]
            ? $"printf(\"{name} %zu\\n\", offsetof(struct {type}, {field}));"
            : $"printf(\"{name} %zu\\n\", sizeof(struct {name}));");
        string program = $$"""
            #define _GNU_SOURCE
            #define FUSE_USE_VERSION 35
            #include <fuse3/fuse_lowlevel.h>
            #include <stddef.h>
            #include <stdio.h>
            #include <string.h>
            static unsigned bits(struct fuse_file_info fi) { unsigned word; memcpy(&word, (char *)&fi + 4, 4); return word; }
            int main(void) {
                {{string.Join("\n    ", lines)}}
                struct fuse_file_info direct = { .direct_io = 1 }, keep = { .keep_cache = 1 };
                printf("direct_io %u\nkeep_cache %u\n", bits(direct), bits(keep));
                printf("ops %zu\nfile_info %zu\nbuf %zu\n", sizeof(struct fuse_lowlevel_ops), sizeof(struct fuse_file_info), sizeof(struct fuse_buf));
            }
            """;
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("probe.c"), program);
        Run("/usr/bin/gcc", "-D_FILE_OFFSET_BITS=64", "-o", folder.PathOf("probe"), folder.PathOf("probe.c"));
        return Run(folder.PathOf("probe"));
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
