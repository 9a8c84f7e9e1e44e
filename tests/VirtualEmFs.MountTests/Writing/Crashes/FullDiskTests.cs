using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.MountTests.Fuse;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>Real disks that are full, read-only or gone, below a writable mount.</summary>
public sealed class FullDiskTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public void Staging_Full_TellsTheProgramAndGoesOnAfterwards()
    {
        using var site = new KilledSite();
        site.Keep(TemporaryDisk.Sized(site.Staging, "8m"));
        site.Mount("", "--write-delay", "1h");
        Assert.Equal(
            """
            fill ENOSPC
            truncate ENOSPC, allocate ENOSPC, write behind ENOSPC
            length True, bytes True
            store True, again True
            after unlink ok

            """,
            MirrorFixture.PythonIn(site.MountPoint, """
                import mmap, time
                def fill(f):
                    try:
                        while True:
                            os.write(f, b'x' * 65536)
                    except OSError as e:
                        return errno.errorcode[e.errno]
                def create(name):
                    return os.open(name, os.O_CREAT | os.O_RDWR, 0o644)
                f = create('a.mrc')
                print('fill', fill(f))
                length = os.fstat(f).st_size
                print('truncate', failure(os.ftruncate, f, 64 << 20) + ', allocate', failure(os.posix_fallocate, f, 0, 64 << 20)
                      + ', write behind', failure(os.pwrite, f, b'x', 64 << 20))
                print('length', str(os.fstat(f).st_size == length > 4 << 20) + ', bytes', os.pread(f, length, 0) == b'x' * length)

                # Stores through a mapping come when the disk is full: the room was reserved when the file grew.
                os.ftruncate(f, 0)
                os.ftruncate(f, 1 << 20)
                map = mmap.mmap(f, 1 << 20)
                g = create('b.mrc')
                full = fill(g) == 'ENOSPC'
                map[:] = b'y' * (1 << 20)
                map.flush()
                os.fsync(f)
                print('store', str(full and os.pread(f, 1 << 20, 0) == b'y' * (1 << 20)) + ', again', failure(os.pwrite, f, b'z' * 65536, 0) == 'ok')

                # A full disk still lets files go, and their room comes back.
                os.close(g)
                os.unlink('b.mrc')
                h = create('c.mrc')
                deadline = time.monotonic() + 30
                while (result := failure(os.pwrite, h, b'x' * (1 << 20), 0)) != 'ok' and time.monotonic() < deadline:
                    time.sleep(0.1)
                print('after unlink', result)
                """));
    }

    /// <summary>Whatever the next mount has to write first, it must not need the room that only it can make.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Full_AndKilled_IsMountedAgain(bool isSource)
    {
        using var site = new KilledSite();
        string full = isSource ? site.Source : site.Staging;
        site.Keep(TemporaryDisk.Sized(full, "8m"));
        MountedProcess mount = site.Mount("", "--write-delay", "1h");
        byte[] content = MrcContent.WholeNumbers(1, 300, 300, 1, seed: 1), other = MrcContent.Incompressible(300, 300, seed: 2);
        File.WriteAllBytes(Path.Combine(site.MountPoint, "1.mrc"), content);
        File.WriteAllBytes(Path.Combine(site.MountPoint, "gone.mrc"), content);
        File.Delete(Path.Combine(site.MountPoint, "gone.mrc"));
        File.WriteAllBytes(Path.Combine(site.MountPoint, "2.mrc"), other);
        const string fill = """
            f = os.open('filling', os.O_CREAT | os.O_RDWR, 0o644)
            for length in (65536, 1):
                while (result := failure(os.write, f, b'x' * length)) == 'ok':
                    pass
            print(result)
            """;
        Assert.Equal("ENOSPC\n", MirrorFixture.PythonIn(full, fill));
        mount.Kill();

        site.Mount("", "--write-delay", "1h");
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(site.MountPoint, "1.mrc")));
        Assert.Equal(other, File.ReadAllBytes(Path.Combine(site.MountPoint, "2.mrc")));
        Assert.False(File.Exists(Path.Combine(site.MountPoint, "gone.mrc")));
        File.Delete(Path.Combine(full, "filling"));
        Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_deadline));
        var shown = MountedFiles.In(site.MountPoint);
        Assert.Null(site.Leftover(shown));
        Assert.Equal(content, shown.Files["1.mrc"]);
        Assert.Equal(other, shown.Files["2.mrc"]);
    }

    [Fact]
    public void Source_Full_KeepsFilesStagedUntilThereIsRoom()
    {
        using var site = new KilledSite();
        TemporaryDisk disk = site.Keep(TemporaryDisk.Sized(site.Source, "2m"));
        site.Mount("", "--write-delay", "0");
        byte[] first = MrcContent.Incompressible(600, 1000, seed: 1), second = MrcContent.Incompressible(600, 1000, seed: 2);
        File.WriteAllBytes(Path.Combine(site.MountPoint, "1.mrc"), first);
        Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_deadline));
        string path = Path.Combine(site.MountPoint, "2.mrc");
        File.WriteAllBytes(path, second);
        Assert.Contains("no space left", WaitForFailure(site, "2.mrc"), StringComparison.OrdinalIgnoreCase);
        Assert.Equal("ENOSPC\n", MirrorFixture.PythonIn(site.MountPoint, """
            f = os.open('notes.txt', os.O_CREAT | os.O_RDWR, 0o644)
            while (result := failure(os.write, f, b'x' * (1 << 20))) == 'ok':
                pass
            print(result)
            os.unlink('notes.txt')
            """));

        Assert.Equal(second, File.ReadAllBytes(path));
        using (FileStream file = File.OpenWrite(path))
        {
            file.Position = second.Length - 2;
            file.Write(second.AsSpan(0, 2));
        }

        second.AsSpan(0, 2).CopyTo(second.AsSpan(second.Length - 2));
        Assert.Equal(second, File.ReadAllBytes(path));
        Assert.Contains("no space left", WaitForFailure(site, "2.mrc"), StringComparison.OrdinalIgnoreCase);

        disk.Remount("size=16m");
        Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_deadline));
        var shown = MountedFiles.In(site.MountPoint);
        Assert.Null(site.Leftover(shown));
        Assert.Equal(first, shown.Files["1.mrc"]);
        Assert.Equal(second, shown.Files["2.mrc"]);
    }

    [Fact]
    public void Source_ReadOnlyFolder_KeepsFilesStagedUntilItCanBeWritten()
    {
        using var site = new KilledSite();
        string other = Directory.CreateDirectory(site.PathOf("other")).FullName;
        TemporaryDisk disk = site.Keep(TemporaryDisk.Bound(Directory.CreateDirectory(Path.Combine(site.Source, "sub")).FullName, other));
        site.Mount("", "--write-delay", "0");
        disk.Remount("ro,bind");
        string path = Path.Combine(site.MountPoint, "sub", "1.mrc");
        byte[] content = MrcContent.WholeNumbers(1, 30, 30, 1, seed: 1);
        File.WriteAllBytes(path, content);
        Assert.Contains("read-only", WaitForFailure(site, "sub/1.mrc"), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(content, File.ReadAllBytes(path));
        Assert.Equal("EROFS EROFS\n", MirrorFixture.PythonIn(site.MountPoint, "print(failure(os.mkdir, 'sub/d'), failure(os.open, 'sub/notes.txt', os.O_CREAT | os.O_RDWR))"));

        disk.Remount("rw,bind");
        Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_deadline));
        Assert.Equal(content, File.ReadAllBytes(path));
        Assert.Equal(["1.mrc.hdf"], Directory.GetFileSystemEntries(other).Select(Path.GetFileName));
    }

    [Fact]
    public void Mount_OfAReadOnlySource_IsRefusedWithASentence()
    {
        using var site = new KilledSite();
        TemporaryDisk disk = site.Keep(TemporaryDisk.Sized(site.Source, "1m"));
        foreach (string own in new[] { "", ".emfs" })
        {
            disk.Remount("rw");
            Directory.CreateDirectory(Path.Combine(site.Source, own));
            disk.Remount("ro");
            ProgramResult refused = Programs.Run(s_deadline, Programs.Emfs, ["mount", site.Source, site.MountPoint, "--staging", site.Staging]);
            Assert.Equal("", refused.Output);
            Assert.Matches("^emfs: [^\n]*Read-only file system[^\n]*\n$", refused.Error);
            Assert.NotEqual(0, refused.ExitCode);
        }
    }

    [Fact]
    public void Staging_DeletedUnderTheMount_IsTold()
    {
        using var site = new KilledSite();
        MountedProcess mount = site.Mount("", "--write-delay", "1h");
        byte[] archived = MrcContent.WholeNumbers(1, 30, 30, 1, seed: 1);
        File.WriteAllBytes(Path.Combine(site.MountPoint, "1.mrc"), archived);
        Assert.Equal(0, MountControl.FlushClosed(site.MountPoint, s_deadline));
        File.WriteAllBytes(Path.Combine(site.MountPoint, "2.mrc"), archived);
        Assert.Equal(0, LinuxFile.Open(Path.Combine(site.MountPoint, "4.mrc"), LinuxFile.O_RDWR | LinuxFile.O_CREAT, out SafeFileHandle? open, 0x1A4));
        Assert.Equal(0, LinuxFile.Write(open!, 0, archived, out _));
        Assert.Equal(0, LinuxFile.Sync(open!, dataOnly: false));
        mount.WaitForClosing(openFiles: 1); // what is open lives on without a name
        Directory.Delete(site.Staging, recursive: true);

        // No program is told that something is done which is not, and none waits for ever.
        Assert.Equal("False False True\n", MirrorFixture.PythonIn(site.MountPoint, """
            def read(name):
                with open(name, 'rb') as f:
                    f.read()
            def write(name):
                with open(name, 'wb') as f:
                    f.write(b'x')
                    f.flush()
                    os.fsync(f.fileno())
            print(failure(read, '2.mrc') == 'ok', failure(write, '3.mrc') == 'ok', failure(read, '1.mrc') == 'ok')
            """));
        Assert.Equal(Errno.EIO, LinuxFile.Sync(open!, dataOnly: false));
        open!.Dispose();
        ProgramResult status = Programs.Run(s_deadline, Programs.Emfs, ["status", site.MountPoint]);
        Assert.Equal(0, status.ExitCode);
        Assert.Contains($"{site.Staging} is gone", MountControl.Writing(site.MountPoint, s_deadline).GetProperty("stagingProblem").GetString(), StringComparison.Ordinal);
        Assert.Contains("│ staging ", status.Output, StringComparison.Ordinal);
        Assert.Equal(archived, File.ReadAllBytes(Path.Combine(site.MountPoint, "1.mrc")));
        Assert.Equal(0, mount.End());
        Assert.DoesNotContain("\n   at ", mount.Log, StringComparison.Ordinal);
    }

    /// <summary>Waits until a file could not be archived.</summary>
    /// <returns>The reason that status gives, one sentence.</returns>
    private static string WaitForFailure(KilledSite site, string name)
    {
        string? reason = null;
        bool isTold = SpinWait.SpinUntil(
            () =>
            {
                Thread.Sleep(50);
                JsonElement writing = MountControl.Writing(site.MountPoint, s_deadline);
                reason = writing.GetProperty("failing").EnumerateArray().Concat(writing.GetProperty("parked").EnumerateArray())
                    .Where(file => file.GetProperty("path").GetString() == name).Select(file => file.GetProperty("reason").GetString()).FirstOrDefault();
                return reason is not null;
            },
            s_deadline);
        Assert.True(isTold, $"{name} neither fails nor is it parked");
        Assert.DoesNotContain('\n', reason!);
        return reason!;
    }
}
