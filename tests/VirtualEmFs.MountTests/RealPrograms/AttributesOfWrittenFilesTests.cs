using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>What stat, statfs and du say of files that were written through the mount: the same before and after they are archived.</summary>
public sealed class AttributesOfWrittenFilesTests
{
    private static readonly string s_python = Path.Combine(GoldenData.RepositoryRoot, "tests/python");

    [Fact]
    public void Stat_BeforeAndAfterArchiving_IsTheSameButForItsCtime()
    {
        using var folders = new WrittenTwice("1h");
        string note = folders.PathOf("before");
        string Script(string rest) => $$"""
            import json, os, sys, time
            sys.path.insert(0, '{{s_python}}')
            from mrc_writers import header, noise
            os.chdir('{{folders.Mounted}}')
            def attributes(name):
                stat = os.lstat(name)
                return [name, stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_mode, stat.st_uid, stat.st_gid, stat.st_nlink,
                        {key: os.getxattr(name, key).decode() for key in os.listxattr(name) if not key.startswith('user.emfs.')}], stat.st_ctime_ns
            names = ['a.mrc', 'sub/b.st', 'raw.mrc']
            {{rest}}
            """;
        Programs.Check(Programs.Python, "-c", Script($$"""
            os.mkdir('sub')
            for seed, name in enumerate(names):
                with open(name, 'wb') as file:
                    file.write(header((2, 30, 40)) + noise(seed, (2, 30, 40)).tobytes() + b'too long' * (name == 'raw.mrc'))
                os.setxattr(name, 'user.note', b'of ' + name.encode())
                os.chmod(name, 0o604)
                if os.getuid() == 0:
                    os.chown(name, 1234, 5678)
                os.utime(name, ns=(10**18 + 5, 10**18 + 123456789))
            json.dump([attributes(name) for name in names], open('{{note}}', 'w'))
            """));
        folders.Flush();
        string compare = Script($$"""
            for name, (before, ctime) in zip(names, json.load(open('{{note}}'))):
                open(name, 'rb').close()  # attributes may be a second old, but not of what was just opened
                after, later = attributes(name)
                if name == 'raw.mrc':
                    before[3] = after[3]  # from now on it is a file of the source, with its number
                assert after == before, (before, after)
                assert later > ctime, (name, ctime, later)
            """);
        Programs.Check(Programs.Python, "-c", compare);
        folders.Remount();
        Programs.Check(Programs.Python, "-c", compare);
        Assert.Equal(64, Programs.CheckIn(folders.Mounted, "getfattr", "--only-values", "-n", "user.emfs.original_sha256", "a.mrc").Length);
    }

    /// <summary>Files belong to who made them, with the group and the permissions that a plain folder would give them, also as archives.</summary>
    [Fact]
    public void FilesOfTwoUsers_BelongToThem()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        using var folders = new WrittenTwice("0s", "--allow-other");
        folders.LetOthersIn();
        folders.Run("sh", "-c", "mkdir shared group && chmod 1777 shared && chgrp 4321 group && chmod 2777 group");
        foreach ((string user, string mask) in new[] { ("65534", "027"), ("1234", "002") })
        {
            string script = $"""
                umask {mask}
                cd shared && cp '{folders.PathOf("input.mrc")}' {user}.mrc && touch {user}.star && mkdir {user} && cp {user}.mrc {user}/again.mrcs &&
                cd ../group && cp '{folders.PathOf("input.mrc")}' {user}.mrc && mkdir {user} && cp {user}.mrc {user}/again.mrcs && touch {user}/a.mdoc
                """;
            Programs.Check(Programs.Python, "-c", $"""
                import sys
                sys.path.insert(0, '{s_python}')
                from mrc_writers import header, noise
                open('{folders.PathOf("input.mrc")}', 'wb').write(header((1, 30, 40)) + noise(1, (1, 30, 40)).tobytes())
                """);
            folders.Run("setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", "sh", "-c", script);
        }

        folders.AssertSame();
        folders.Both(folder =>
        {
            // Not each other's.
            string[] asFirst = ["--reuid=65534", "--regid=65534", "--clear-groups"];
            Assert.NotEqual(0, Programs.Run(TimeSpan.FromMinutes(1), "setpriv", [.. asFirst, "sh", "-c", "echo >> shared/1234.mrc"], folder).ExitCode);
            Assert.NotEqual(0, Programs.Run(TimeSpan.FromMinutes(1), "setpriv", [.. asFirst, "rm", "-f", "shared/1234.mrc"], folder).ExitCode);
            Assert.NotEqual(0, Programs.Run(TimeSpan.FromMinutes(1), "setpriv", ["--reuid=1234", "--regid=1234", "--clear-groups", "cat", "shared/65534.mrc"], folder).ExitCode);
        });
        Assert.Equal(8, folders.AssertSameToTheEnd([]));
        Assert.Equal("65534 65534 640\n", Programs.CheckIn(folders.Source, "stat", "-c", "%u %g %a", "shared/65534.mrc.hdf"));
        Assert.Equal("1234 4321 644\n", Programs.CheckIn(folders.Source, "stat", "-c", "%u %g %a", "group/1234/again.mrcs.hdf"));
    }

    /// <summary>What is written lies in the staging folder and ends in the source: df must say how much of the smaller one is left, of any file.</summary>
    [Theory]
    [InlineData("staging")]
    [InlineData("source")]
    public void Df_WhereStagingAndSourceAreTwoDisks_IsThatOfTheOneThatRunsOutFirst(string small)
    {
        const int OwnBlocks = 8; // the mount writes a list of what is staged into the source, between the one look and the other
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount a small disk");
        using var folder = new TemporaryFolder();
        string source = Directory.CreateDirectory(folder.PathOf("source")).FullName, staging = Directory.CreateDirectory(folder.PathOf("staging")).FullName;
        Programs.Check("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder.PathOf(small));
        try
        {
            using MountedProcess mount = MountedProcess.Start(source, "--staging", staging, "--write-delay", "1h");
            long[] Room(string path) => [.. Programs.Check("stat", "-f", "-c", "%S %b %a", path).Split(' ').Select(long.Parse)];
            void AssertHasRoomOfTheSmall(string path)
            {
                long[] expected = Room(folder.PathOf(small)), actual = Room(path);
                Assert.Equal(expected[..2], actual[..2]);
                Assert.InRange(actual[2], expected[2] - OwnBlocks, expected[2] + OwnBlocks);
            }

            Directory.CreateDirectory(mount.PathOf("new"));
            AssertHasRoomOfTheSmall(mount.MountPoint);
            File.WriteAllBytes(mount.PathOf("new", small == "staging" ? "a.mrc" : "a.bin"), new byte[3 << 20]);
            File.WriteAllBytes(mount.PathOf("new", "b.mrc"), new byte[1000]);
            foreach (string path in new[] { mount.MountPoint, mount.PathOf("new"), mount.PathOf("new", "b.mrc") })
            {
                AssertHasRoomOfTheSmall(path);
            }

            Assert.InRange(Room(mount.MountPoint)[2], 1, (5 << 20) / 4096);
            File.Delete(mount.PathOf("new", "a.bin"));
        }
        finally
        {
            Programs.Check("umount", "-l", folder.PathOf(small));
        }
    }

    /// <summary>Blocks of a hole are reserved as long as programs may store into it, and given back with the archive.</summary>
    [Fact]
    public void FilesWithHoles_ReadAsZeros_AndOccupyWhatTheirArchivesDo()
    {
        using var folders = new WrittenTwice("1h");
        folders.Python($$"""
            import sys
            sys.path.insert(0, '{{s_python}}')
            from mrc_writers import header, noise
            shape = (4, 512, 512)
            with open('holes.mrcs', 'w+b') as file:
                file.write(header(shape))
                file.truncate(1024 + 4 * 1024 * 1024)
                file.seek(1024 + 3 * 1024 * 1024)
                file.write(noise(1, (1, 100, 512)).tobytes())
            assert sum(open('holes.mrcs', 'rb').read(3 * 1024 * 1024)[1024:]) == 0
            """);
        folders.Run("fallocate", "--punch-hole", "--offset", "4000000", "--length", "100000", "holes.mrcs");
        folders.Run("truncate", "-s", "20000000", "longer.mrc");
        long Occupied(string name) => 512 * long.Parse(Programs.CheckIn(folders.Mounted, "stat", "-c", "%b", name));
        Assert.InRange(Occupied("longer.mrc"), 20_000_000, long.MaxValue);
        folders.AssertSameToTheEnd([], "longer.mrc");
        Assert.Equal(512 * long.Parse(Programs.CheckIn(folders.Source, "stat", "-c", "%b", "holes.mrcs.hdf")), Occupied("holes.mrcs"));
        Assert.InRange(Occupied("holes.mrcs"), 512, 1 << 20);
        Assert.Equal(
            Programs.CheckIn(folders.Source, "stat", "-f", "-c", "%S %b", "."), Programs.CheckIn(folders.Mounted, "stat", "-f", "-c", "%S %b", "."));
    }

    /// <summary>Tables, notes and pictures lie in the source as they were written, as soon as they are.</summary>
    [Fact]
    public void OtherFiles_LieInTheSourceAtOnce()
    {
        using var folders = new WrittenTwice("1h");
        folders.Python("""
            for name in ('particles.star', 'TS.mdoc', 'picture.png', 'notes.mrc.txt', 'archive.tar'):
                with open(name, 'wb') as file:
                    file.write(name.encode() * 1000)
                    file.flush()
                    os.pwrite(file.fileno(), b'changed', 100)
            os.rename('notes.mrc.txt', 'notes')
            """);
        foreach (string path in Directory.EnumerateFiles(folders.Plain))
        {
            Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(folders.Source, Path.GetFileName(path))));
        }

        Assert.Equal(0, folders.AssertSameToTheEnd([]));
    }
}
