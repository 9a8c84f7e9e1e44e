using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>What programs do to the bytes of files reaches the tree, and its answer reaches the program.</summary>
public sealed class WritableFilesTests(MirrorFixture mount) : IClassFixture<MirrorFixture>
{
    [Fact]
    public void Write_AppendAndAnywhere_LandsWhereItBelongs()
    {
        mount.Python("""
            for text in 'abc', 'de':
                with open('written', 'a') as f:
                    f.write(text)
            f = os.open('written', os.O_RDWR)
            os.pwrite(f, b'X', 1)
            os.pwrite(f, b'Y', 7)
            """);
        mount.AssertReached("write written 3 at 0", "write written 2 at 3", "write written 1 at 1", "write written 1 at 7");
        Assert.Equal("aXcde\0\0Y", File.ReadAllText(mount.SourcePathOf("written")));
    }

    [Fact]
    public void Write_OfMebibytes_ComesInFewRequestsAndReadsBack()
    {
        Assert.Equal("8388608 True\n", mount.Python("""
            data = os.urandom(1 << 20) * 8
            f = os.open('large', os.O_CREAT | os.O_RDWR, 0o644)
            print(os.write(f, data), os.pread(f, len(data) + 1, 0) == data)
            """));
        mount.AssertReached("write large 1048576 at 7340032");
    }

    [Fact]
    public void Write_ToAFileThatTheKernelMustNotCache_IsSeenAtOnce()
    {
        Assert.Equal("b'abZ'\n", mount.Python("""
            f = os.open('direct', os.O_CREAT | os.O_RDWR, 0o644)
            os.write(f, b'abc')
            os.pwrite(f, b'Z', 2)
            print(os.pread(f, 10, 0))
            """));
        mount.AssertReached("write direct 3 at 0", "write direct 1 at 2");
    }

    [Fact]
    public void Truncate_ByPathDescriptorAndOpen_SetsTheLength()
    {
        Assert.Equal(@"b'abc' b'abc\x00\x00' 0" + "\n", mount.Python("""
            open('cut', 'w').write('abcdef')
            os.truncate('cut', 3)
            first = open('cut', 'rb').read()
            f = os.open('cut', os.O_RDWR)
            os.ftruncate(f, 5)
            second = os.pread(f, 10, 0)
            os.close(os.open('cut', os.O_WRONLY | os.O_TRUNC))
            print(first, second, os.fstat(f).st_size)
            """));
        mount.AssertReached("setattr cut length=3", "setattr cut open length=5", "setattr cut length=0");
        Assert.Equal(0, new FileInfo(mount.SourcePathOf("cut")).Length);
    }

    [Fact]
    public void Fallocate_EachMode_ReachesTheFile()
    {
        Assert.Equal("ok 65536 ok 65536 True ok b'\\x01\\x00' ok b'\\x00' EOPNOTSUPP\n", mount.Python("""
            f = os.open('allocated', os.O_CREAT | os.O_RDWR, 0o644)
            libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
            def allocate(mode, offset, length):
                return failure(libc.fallocate, f, mode, offset, length)
            print(allocate(0, 0, 1 << 16), os.fstat(f).st_size, allocate(1, 1 << 16, 1 << 16), os.fstat(f).st_size, os.fstat(f).st_blocks >= 256, end=' ')
            os.pwrite(f, b'\1' * (1 << 16), 0)
            print(allocate(3, 8192, 4096), os.pread(f, 2, 8191), allocate(16, 100, 1), os.pread(f, 1, 100), allocate(8, 0, 4096))
            """).Replace("ENOTSUP", "EOPNOTSUPP", StringComparison.Ordinal));
        mount.AssertReached(
            "allocate allocated 65536 at 0 Extend", "allocate allocated 65536 at 65536 KeepLength",
            "allocate allocated 4096 at 8192 KeepLength, PunchHole", "allocate allocated 1 at 100 Zero");
    }

    [Fact]
    public void Fsync_OfFileAndFolder_ReachesTheTree()
    {
        mount.Python("""
            os.mkdir('synced')
            f = os.open('synced/f', os.O_CREAT | os.O_RDWR, 0o644)
            os.write(f, b'x')
            os.fsync(f)
            os.fdatasync(f)
            os.fsync(os.open('synced', os.O_RDONLY | os.O_DIRECTORY))
            """);
        mount.AssertReached("sync synced/f", "sync synced/f data", "sync folder synced");
    }

    [Fact]
    public void SharedMapping_Stored_ReachesTheFile()
    {
        Assert.Equal("b'..abc...'\n", mount.Python("""
            import mmap
            f = os.open('mapped', os.O_CREAT | os.O_RDWR, 0o644)
            os.write(f, b'.' * 8192)
            with mmap.mmap(f, 8192) as m:
                m[2:5] = b'abc'
                m.flush()
            print(os.pread(f, 8, 0))
            """));
        Assert.StartsWith("..abc...", File.ReadAllText(mount.SourcePathOf("mapped")));
        Assert.Equal(8192, new FileInfo(mount.SourcePathOf("mapped")).Length);
    }

    [Fact]
    public void Unlink_OfAnOpenFile_LeavesItsBytesToWhoHasIt()
    {
        Assert.Equal("b'abcd' 0 ENOENT\n", mount.Python("""
            f = os.open('gone', os.O_CREAT | os.O_RDWR, 0o644)
            os.write(f, b'abc')
            os.unlink('gone')
            os.pwrite(f, b'd', 3)
            print(os.pread(f, 10, 0), os.fstat(f).st_nlink, failure(os.stat, 'gone'))
            """));
        mount.AssertReached("release gone", "gone gone");
    }

    /// <summary>What is left to the kernel works without the tree.</summary>
    [Fact]
    public void LocksAndCopies_AreTheKernels()
    {
        Assert.Equal("EAGAIN EAGAIN b'abcdef'\n", mount.Python("""
            import fcntl
            f = os.open('locked', os.O_CREAT | os.O_RDWR, 0o644)
            os.write(f, b'abcdef')
            fcntl.flock(f, fcntl.LOCK_EX)
            g = os.open('locked', os.O_RDWR)
            whole = failure(fcntl.flock, g, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(f, fcntl.LOCK_EX)
            pid = os.fork()
            if pid == 0:
                os._exit(7 if failure(fcntl.lockf, g, fcntl.LOCK_EX | fcntl.LOCK_NB) in ('EAGAIN', 'EACCES') else 0)
            part = 'EAGAIN' if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7 else 'taken twice'
            copy = os.open('copied', os.O_CREAT | os.O_RDWR, 0o644)
            os.copy_file_range(f, copy, 100, 0)
            print(whole, part, os.pread(copy, 100, 0))
            """));
    }
}
