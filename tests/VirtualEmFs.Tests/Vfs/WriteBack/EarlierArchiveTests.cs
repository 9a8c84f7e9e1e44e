using VirtualEmFs.Tests.Vfs.Staging;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.WriteBack;

/// <summary>What lies in the source already: archives that files came out of, and raw files. Others may change both.</summary>
public sealed class EarlierArchiveTests
{
    private const string ArchivePath = "/s/a.mrc.hdf";

    [Fact]
    public void FileThatShowsTheSame_LeavesItsArchiveUntouched()
    {
        using var fixture = Archived(out var archive);
        fixture.Disk.Stat(ArchivePath, out var before);
        var file = fixture.Stage("a.mrc");
        fixture.Flush();
        fixture.Disk.Stat(ArchivePath, out var after);
        Assert.Equal(before.Version, after.Version); // not even its attributes were set
        Assert.Equal(archive, FileIdentity.Of(after));
        Assert.True(file.IsGone);
        Assert.Single(fixture.Tasks);
        Assert.Equal(1, fixture.Queue.GetStatus().Totals.UntouchedFiles);
        Assert.Equal(2, fixture.FinishedCount);
        Assert.Empty(fixture.Disk.NamesIn("/d/files"));
    }

    [Fact]
    public void AttributesThatWereChanged_AreGivenToTheArchive()
    {
        using var fixture = Archived(out var archive);
        var file = fixture.Write("a.mrc", "data."); // the same bytes
        string raw = fixture.Area.RawPathOf(file.Entry);
        fixture.Disk.SetAttributes(raw, new AttributeChange(0x1ED, Uid: 7, MtimeNs: 987_654_321));
        fixture.Disk.SetExtendedAttribute(raw, "user.note", [1], ExtendedAttributeMode.Create);
        fixture.Area.NoteChange(file);
        fixture.Flush();
        fixture.Disk.Stat(ArchivePath, out var stat);
        Assert.Equal(archive.Inode, stat.Version.Inode);
        Assert.Equal((0x1EDu, 7u, 987_654_321L), (stat.Permissions, stat.Uid, stat.Version.MtimeNs));
        Assert.Equal(VfsStatus.Ok, fixture.Disk.GetExtendedAttribute(ArchivePath, "user.note", out _));
        Assert.Single(fixture.Tasks);
    }

    [Fact]
    public void ChangedFile_ReplacesItsArchive_AndKeepsItsLimits()
    {
        using var fixture = Archived(out var archive);
        fixture.Write("a.mrc", "newer.");
        fixture.Flush();
        Assert.Equal(ArchivePath, fixture.Tasks[1].EarlierArchivePath);
        Assert.Equal("newer.", fixture.ContentOf("a.mrc"));
        fixture.Disk.Stat(ArchivePath, out var stat);
        Assert.NotEqual(archive.Inode, stat.Version.Inode);
        fixture.AssertClean();
    }

    /// <summary>Truncated when it was opened: nothing of the archive holds on.</summary>
    [Fact]
    public void FileThatWasEmptied_KeepsNoLimits()
    {
        using var fixture = Archived(out var archive);
        var earlier = new ArchiveBase("a.mrc.hdf", archive, KeepsLimits: false);
        Assert.Equal(VfsStatus.Ok, fixture.Area.Take("a.mrc", 7, new Creation(0x1A0, 0, 0), earlier, null, _ => VfsStatus.Ok, out _));
        fixture.Write("a.mrc", "data."); // happens to be the same
        fixture.Flush();
        Assert.Equal((2, null), (fixture.Tasks.Length, fixture.Tasks[1].EarlierArchivePath));
        Assert.Equal(["/s/a.mrc.hdf"], fixture.InSource());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ArchiveReplacedByOthers_IsNeverReplaced(bool duringCompression)
    {
        using var fixture = Archived(out _);
        fixture.Write("a.mrc", "newer.");
        if (duringCompression)
        {
            fixture.Archiver.Midway = (_, _) => fixture.Disk.Put(ArchivePath, "foreign"u8);
        }
        else
        {
            fixture.Disk.Put(ArchivePath, "foreign"u8);
        }

        Assert.StartsWith("a.mrc.hdf is in the source already", Assert.Single(fixture.Flush().Remaining).Reason);
        Assert.Equal("foreign"u8.ToArray(), fixture.Disk.ContentOf(ArchivePath));
        Assert.Equal("newer.", fixture.ContentOf("a.mrc"));
        fixture.AssertClean();
    }

    [Fact]
    public void ArchiveRemovedByOthers_IsMadeAnew()
    {
        using var fixture = Archived(out _);
        fixture.Stage("a.mrc");
        fixture.Disk.Remove(ArchivePath);
        fixture.Flush();
        Assert.Equal("data.", fixture.ContentOf("a.mrc"));
        Assert.Equal((2, null), (fixture.Tasks.Length, fixture.Tasks[1].EarlierArchivePath));
    }

    /// <summary>Renamed away from an MRC name, or broken: the raw file takes the place of the archive.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FileThatBecomesNoMrcFile_TakesTheArchivesPlace(bool isRenamed)
    {
        using var fixture = Archived(out _);
        var file = fixture.Write("a.mrc", isRenamed ? "newer." : "broken");
        if (isRenamed)
        {
            Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(file, "a.mrc~", null, null));
        }

        fixture.Flush();
        Assert.Equal([isRenamed ? "/s/a.mrc~" : "/s/a.mrc"], fixture.InSource());
        fixture.AssertClean();
    }

    /// <summary>IMOD renames what is there to <c>name~</c> and writes the name anew.</summary>
    [Fact]
    public void BackupAndNewFile_AreBothThereInTheEnd()
    {
        using var fixture = Archived(out _);
        var old = fixture.Stage("a.mrc");
        Assert.Equal(VfsStatus.Ok, fixture.Area.Rename(old, "a.mrc~", null, null));
        fixture.Write("a.mrc", "newer.");
        fixture.Flush();
        Assert.Equal(["/s/a.mrc.hdf", "/s/a.mrc~"], fixture.InSource().Order(StringComparer.Ordinal));
        Assert.Equal(("newer.", "data."), (fixture.ContentOf("a.mrc"), fixture.ContentOf("a.mrc~")));
    }

    /// <summary>The archive got the file's time, and the machine stopped before the journal forgot the file: it is still known for ours.</summary>
    [Theory]
    [InlineData(CrashMode.ProcessDeath)]
    [InlineData(CrashMode.PowerCutLosesAll)]
    [InlineData(CrashMode.PowerCutScrambles)]
    public void MachineThatStopsAnywhere_LeavesTheSameArchive(CrashMode mode)
    {
        for (int stop = 1; ; stop++)
        {
            using var fixture = Archived(out _);
            var file = fixture.Write("a.mrc", "data.");
            fixture.Disk.SetAttributes(fixture.Area.RawPathOf(file.Entry), new AttributeChange(MtimeNs: 987_654_321));
            bool isDone = fixture.ArchiveUntilStopped(file, stop, seconds: 60);
            using var next = fixture.After(mode);
            next.Queue.Start();
            Assert.Equal(0, next.Flush().RemainingCount);
            Assert.Equal(["/s/a.mrc.hdf"], next.InSource());
            Assert.Equal("data.", next.ContentOf("a.mrc"));
            next.Disk.Stat(ArchivePath, out var stat);
            Assert.Equal(987_654_321, stat.Version.MtimeNs);
            if (isDone)
            {
                Assert.InRange(stop, 8, 100);
                return;
            }
        }
    }

    /// <summary>A raw file that lies in the source can be changed past the mount; a new one there is nothing that was written through it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RawFileInTheSource_ChangedByOthersMeanwhile_IsNotLost(bool isRemoved)
    {
        using var fixture = new WriteBackFixture();
        fixture.Disk.Put("/s/a.mrc", "data."u8);
        fixture.Archiver.Midway = (_, _) =>
        {
            if (fixture.Tasks.Length == 1)
            {
                fixture.Disk.Remove("/s/a.mrc");
                if (!isRemoved)
                {
                    fixture.Disk.Put("/s/a.mrc", "newer."u8);
                }
            }
        };
        var file = fixture.Stage("a.mrc");
        fixture.Queue.Start();
        WriteBackFixture.Until(() =>
        {
            fixture.Time.Advance(TimeSpan.FromSeconds(1));
            return file.IsGone;
        });
        fixture.Flush();
        Assert.Equal(isRemoved ? [] : ["/s/a.mrc"], fixture.InSource());
        Assert.Equal(isRemoved ? null : "newer.", fixture.ContentOf("a.mrc"));
        Assert.Equal(0, fixture.Area.Index.Count);
        fixture.AssertClean();
    }

    /// <summary>A source with one archive.</summary>
    private static WriteBackFixture Archived(out FileIdentity archive)
    {
        var fixture = WriteBackFixture.Started();
        fixture.Write("a.mrc", "data.");
        Assert.Equal(0, fixture.Flush().RemainingCount);
        Assert.Equal(VfsStatus.Ok, fixture.Disk.Stat(ArchivePath, out var stat));
        archive = FileIdentity.Of(stat);
        return fixture;
    }
}
