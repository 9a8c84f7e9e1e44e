using Xunit;

namespace VirtualEmFs.MountTests.Fuse;

/// <summary>Each operation on names and attributes reaches the tree with what the program asked, and its answer reaches the program.</summary>
public sealed class WritableNamesTests(MirrorFixture mount) : IClassFixture<MirrorFixture>
{
    [Fact]
    public void Create_Exclusive_RefusesTheSecond()
    {
        Assert.Equal("EEXIST\n640\n", mount.Python("""
            os.close(os.open('exclusive', os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640))
            print(failure(os.open, 'exclusive', os.O_CREAT | os.O_EXCL | os.O_RDWR))
            os.umask(0o27)
            os.close(os.open('masked', os.O_CREAT | os.O_WRONLY, 0o666))
            print(oct(os.stat('masked').st_mode)[-3:])
            """));
        mount.AssertReached($"create exclusive 640 of {mount.Owner} exclusive", $"create masked 640 of {mount.Owner}");
        Assert.Equal((UnixFileMode)0x1A0, File.GetUnixFileMode(mount.SourcePathOf("masked")));
    }

    [Fact]
    public void Chmod_ByPathAndByDescriptor_ChangesThePermissions()
    {
        Assert.Equal("0o104711 0o100600\n", mount.Python("""
            f = os.open('modes', os.O_CREAT | os.O_RDWR, 0o644)
            os.chmod('modes', 0o4711)
            first = os.stat('modes').st_mode
            os.fchmod(f, 0o600)
            print(oct(first), oct(os.stat('modes').st_mode))
            """));
        mount.AssertReached("setattr modes mode=4711");
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(mount.SourcePathOf("modes")));
    }

    [Fact]
    public void Chown_OneOfTwo_LeavesTheOther()
    {
        string[] owner = mount.Owner.Split(':');
        Assert.Equal("ok ok\n", mount.Python($"""
            os.close(os.open('owned', os.O_CREAT | os.O_RDWR, 0o644))
            print(failure(os.chown, 'owned', {owner[0]}, -1), failure(os.chown, 'owned', -1, {owner[1]}))
            """));
        mount.AssertReached($"setattr owned uid={owner[0]}", $"setattr owned gid={owner[1]}");
    }

    [Fact]
    public void Utimens_GivenOmittedAndNow_AreThoseTimes()
    {
        Assert.Equal("-1 1000000001 1000000001\nTrue True\n", mount.Python("""
            os.close(os.open('times', os.O_CREAT | os.O_RDWR, 0o644))
            class timespec(ctypes.Structure):
                _fields_ = [('seconds', ctypes.c_long), ('nanoseconds', ctypes.c_long)]
            def utimens(atime, mtime):
                assert libc.utimensat(-100, b'times', (timespec * 2)(atime, mtime), 0) == 0
                return os.stat('times')
            OMIT, NOW = (0, (1 << 30) - 2), (0, (1 << 30) - 1)
            first = utimens((-1, 999999999), (1, 1))
            second = utimens(OMIT, (1, 1))
            print(first.st_atime_ns, first.st_mtime_ns, second.st_mtime_ns)
            third = utimens(NOW, OMIT)
            fourth = utimens(OMIT, NOW)
            print(third.st_mtime_ns == 1000000001 and third.st_atime_ns > 10**18, fourth.st_mtime_ns >= third.st_atime_ns)
            """));
        mount.AssertReached("setattr times atime=-1 mtime=1000000001", "setattr times mtime=1000000001");
    }

    [Fact]
    public void MkdirAndRmdir_FullAndEmpty_AnswerAsADiskDoes()
    {
        Assert.Equal("EEXIST ENOTEMPTY ok ENOENT\n", mount.Python("""
            os.mkdir('folder', 0o750)
            os.mkdir('folder/below', 0o700)
            a, b = failure(os.mkdir, 'folder'), failure(os.rmdir, 'folder')
            os.rmdir('folder/below')
            print(a, b, failure(os.rmdir, 'folder'), failure(os.stat, 'folder'))
            """));
        mount.AssertReached($"mkdir folder 750 of {mount.Owner}", $"mkdir folder/below 700 of {mount.Owner}", "rmdir folder/below", "rmdir folder");
    }

    [Fact]
    public void Rename_EachFlag_ReplacesKeepsSwapsOrIsRefused()
    {
        Assert.Equal("EEXIST ok b a EINVAL ok ENOENT b\n", mount.Python("""
            def rename(a, b, flags):
                return libc.renameat2(-100, a, -100, b, flags)
            def text(name):
                return open(name).read()
            os.mkdir('renamed')
            os.chdir('renamed')
            for name in 'ab':
                open(name, 'w').write(name)
            kept = failure(rename, b'a', b'b', 1)
            swapped = failure(rename, b'a', b'b', 2)
            print(kept, swapped, text('a'), text('b'), failure(rename, b'a', b'b', 4), failure(rename, b'a', b'b', 0), end=' ')
            print(failure(os.stat, 'a'), text('b'))
            rename(b'b', b'c', 1)
            os.rename('../renamed', '../again')
            """));
        mount.AssertReached(
            "rename renamed/a to renamed/b Exchange", "rename renamed/a to renamed/b Replace", "rename renamed/b to renamed/c KeepExisting",
            "rename renamed to again Replace");
        Assert.Equal("b", File.ReadAllText(Path.Combine(mount.MountPoint, "again", "c")));
        Assert.Equal("b", File.ReadAllText(mount.SourcePathOf("again/c")));
    }

    [Fact]
    public void LinksOfBothKinds_AreMade()
    {
        Assert.Equal("some/where 2 True ok 1 EEXIST\n", mount.Python("""
            os.symlink('some/where', 'symbolic')
            os.close(os.open('linked', os.O_CREAT | os.O_RDWR, 0o644))
            os.link('linked', 'second')
            count, same = os.stat('linked').st_nlink, os.stat('linked').st_ino == os.stat('second').st_ino
            print(os.readlink('symbolic'), count, same, failure(os.unlink, 'linked'), os.stat('second').st_nlink, failure(os.link, 'second', 'symbolic'))
            """));
        mount.AssertReached($"symlink symbolic to some/where 777 of {mount.Owner}", "link linked as second", "unlink linked");
    }

    [Fact]
    public void Mknod_EachKind_IsThatKind()
    {
        Assert.Equal("0o10640 0o140600 0o100600\nthrough\n", mount.Python("""
            os.mkfifo('fifo', 0o640)
            os.mknod('socket', stat.S_IFSOCK | 0o600)
            os.mknod('plain', stat.S_IFREG | 0o600)
            print(*(oct(os.stat(name).st_mode) for name in ('fifo', 'socket', 'plain')))
            if os.fork() == 0:
                open('fifo', 'w').write('through')
                os._exit(0)
            print(open('fifo').read())
            """));
        mount.AssertReached(
            $"mknod fifo Fifo 0 640 of {mount.Owner}", $"mknod socket Socket 0 600 of {mount.Owner}", $"mknod plain File 0 600 of {mount.Owner}");
    }

    [Fact]
    public void ExtendedAttributes_EachFlag_AnswerAsADiskDoes()
    {
        Assert.Equal("ENODATA ok EEXIST ok b'' ['user.x'] EINVAL ok ENODATA\n", mount.Python("""
            open('attributes', 'w').close()
            f, CREATE, REPLACE = 'attributes', os.XATTR_CREATE, os.XATTR_REPLACE
            print(failure(os.setxattr, f, 'user.x', b'1', REPLACE), failure(os.setxattr, f, 'user.x', b'12', CREATE), end=' ')
            print(failure(os.setxattr, f, 'user.x', b'3', CREATE), failure(os.setxattr, f, 'user.x', b'', REPLACE), end=' ')
            print(os.getxattr(f, 'user.x'), os.listxattr(f), failure(os.setxattr, f, 'user.x', b'3', CREATE | REPLACE), end=' ')
            print(failure(os.removexattr, f, 'user.x'), failure(os.removexattr, f, 'user.x'))
            """));
        mount.AssertReached(
            "setxattr attributes user.x 2 Create", "setxattr attributes user.x 0 Replace", "removexattr attributes user.x");
    }

    [Fact]
    public void ExtendedAttributes_OutsideUser_AreRefusedWithoutTheTree()
    {
        Assert.Equal("{'ENOTSUP'}\n", mount.Python("""
            open('guarded', 'w').close()
            acl = bytes.fromhex('02000000' + '01000600ffffffff' + '04000400ffffffff' + '20000400ffffffff')
            names = [('security.x', b'1'), ('system.posix_acl_access', acl)]
            if os.geteuid() == 0:
                names.append(('trusted.x', b'1'))
            print({failure(os.setxattr, 'guarded', *pair) for pair in names} | {failure(os.removexattr, 'guarded', 'security.x')})
            """));
        mount.AssertNotReached("setxattr guarded");
        mount.AssertNotReached("removexattr guarded");
    }

    /// <summary>Two users write into one mount: each owns what it made, and a write takes the set-user-id bit away.</summary>
    [Fact]
    public void Changes_OfAnotherUser_CarryItsIdentity()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        Assert.Equal("1234 2345 0o4755 0o755 EPERM\n", mount.Python("""
            os.close(os.open('of-root', os.O_CREAT | os.O_RDWR, 0o644))
            os.setgroups([]); os.setgid(2345); os.setuid(1234)
            f = os.open('of-user', os.O_CREAT | os.O_RDWR, 0o755)
            os.mkdir('folder-of-user')
            os.chmod('of-user', 0o4755)
            before = os.stat('of-user')
            os.write(f, b'x')
            print(before.st_uid, before.st_gid, oct(before.st_mode & 0o7777), oct(os.stat('of-user').st_mode & 0o7777), failure(os.chmod, 'of-root', 0o777))
            """));
        mount.AssertReached("create of-user 755 of 1234:2345", "mkdir folder-of-user 777 of 1234:2345", "setattr of-user mode=755");
    }
}
