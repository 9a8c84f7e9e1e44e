using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Mount;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Staging;

/// <summary>One owner at a time, whoever it is; a dead one is no obstacle where it is known to be dead.</summary>
public sealed class OwnerLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string OwnerFile => _folder.PathOf("owner");

    private MountOwner Ours => MountOwner.Current("/mnt/a", _folder.Path, "/data/project");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Acquire_WhileAnotherOwns_IsRefusedWithItsName()
    {
        using OwnerLock first = Acquire(Ours);
        Assert.Null(first.Former);
        CommandException refusal = Assert.Throws<CommandException>(() => Acquire(MountOwner.Current("/mnt/b", "/other", "/data/project")));
        Assert.Equal(ExitCode.Owned, refusal.ExitCode);
        Assert.StartsWith($"the folder belongs to another mount (process {Environment.ProcessId} on {Ours.Host}, mounted on /mnt/a since ", refusal.Message);
        Assert.EndsWith($", source /data/project, staging {_folder.Path}); end that one first, with: emfs unmount /mnt/a", refusal.Message);
        Assert.Throws<CommandException>(() => Acquire(Ours, takesOver: true));
        Assert.Throws<CommandException>(() => OwnerLock.HoldDead("the folder", OwnerFile, isForced: false));
        Assert.Null(OwnerLock.HoldDead("the folder", OwnerFile, isForced: true));
        Assert.Equal([OwnerFile], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Release_WithNothingStaged_RemovesTheFile()
    {
        Acquire(Ours).Release(filesAreStaged: false);
        Assert.Empty(Directory.GetFiles(_folder.Path));
        Assert.Null(OwnerLock.HoldDead("the folder", OwnerFile, isForced: false));
    }

    [Fact]
    public void Release_WithFilesStaged_LetsTheNextOneIn()
    {
        Acquire(Ours).Release(filesAreStaged: true);
        Assert.True(Written().HasEnded);
        using OwnerLock next = Acquire(Ours);
        Assert.Equal((true, "/mnt/a"), (next.Former!.HasEnded, next.Former.MountPoint));
        Assert.False(Written().HasEnded);
    }

    public static TheoryData<string> DeadOwners => ["process", "number used again", "machine started anew", "ended on another host"];

    [Theory]
    [MemberData(nameof(DeadOwners))]
    public void Acquire_AfterOneThatIsDead_TakesOver(string kind)
    {
        Leave(kind switch
        {
            "process" => Ours with { ProcessId = int.MaxValue },
            "number used again" => Ours with { StartTicks = Ours.StartTicks - 1 },
            "machine started anew" => Ours with { BootId = "another" },
            _ => Ours with { BootId = "another", Host = "elsewhere", HasEnded = true },
        });
        using OwnerLock next = Acquire(Ours);
        Assert.NotNull(next.Former);
        Assert.Equal(Ours.ProcessId, Written().ProcessId);
    }

    [Fact]
    public void Acquire_AfterOneOnAnotherHost_IsLeftToTheUser()
    {
        Leave(Ours with { BootId = "another", Host = "elsewhere" });
        CommandException refusal = Assert.Throws<CommandException>(() => Acquire(Ours));
        Assert.Equal(ExitCode.Owned, refusal.ExitCode);
        Assert.Contains($"when elsewhere is known dead, say --take-over or delete {OwnerFile}", refusal.Message);
        Assert.Throws<CommandException>(() => OwnerLock.HoldDead("the folder", OwnerFile, isForced: false));
        using OwnerLock taken = Acquire(Ours, takesOver: true);
        Assert.Equal("elsewhere", taken.Former!.Host);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("not JSON")]
    public void Acquire_AfterAFileThatSaysNothing_IsLeftToTheUser(string content)
    {
        File.WriteAllText(OwnerFile, content);
        CommandException refusal = Assert.Throws<CommandException>(() => Acquire(Ours));
        Assert.Contains($"{OwnerFile} does not say who owns the folder", refusal.Message);
        using OwnerLock taken = Acquire(Ours, takesOver: true);
        Assert.Null(taken.Former);
    }

    [Fact]
    public void HoldDead_KeepsMountsAway()
    {
        Leave(Ours with { StartTicks = 1 });
        using (OwnerLock.HoldDead("the folder", OwnerFile, isForced: false))
        {
            CommandException refusal = Assert.Throws<CommandException>(() => Acquire(Ours));
            Assert.Equal("the folder is being taken or read by another emfs at this moment; try again when that has ended", refusal.Message);
        }

        Acquire(Ours).Dispose();
    }

    [Fact]
    public void Acquire_OfAFolderThatIsGone_SaysSo()
    {
        CommandException refusal = Assert.Throws<CommandException>(
            () => OwnerLock.Acquire("the folder", _folder.PathOf("absent", "owner"), 0x180, Ours, takesOver: false));
        Assert.Equal((ExitCode.StagingUnusable, $"{_folder.PathOf("absent", "owner")} cannot be written: No such file or directory"), (refusal.ExitCode, refusal.Message));
    }

    /// <summary>Bytes of paths that are no UTF-8 come back.</summary>
    [Fact]
    public void Owner_WithAnyPaths_ReadsBackAsWritten()
    {
        MountOwner owner = Ours with { MountPoint = "/mnt/\uDCE9\\x", SourcePath = "/a\nb" };
        Assert.Equal(owner, MountOwner.Parse(owner.ToBytes()));
    }

    // Not by File: it asks for a lock of its own.
    private MountOwner Written()
    {
        Assert.Equal(0, LinuxFile.Open(OwnerFile, LinuxFile.O_RDONLY, out SafeFileHandle? file));
        using (file)
        {
            var bytes = new byte[4096];
            Assert.Equal(0, LinuxFile.Read(file!, 0, bytes, out int lengthBytes));
            return MountOwner.Parse(bytes.AsSpan(0, lengthBytes))!;
        }
    }

    private void Leave(MountOwner owner) => File.WriteAllBytes(OwnerFile, owner.ToBytes());

    private OwnerLock Acquire(MountOwner owner, bool takesOver = false) => OwnerLock.Acquire("the folder", OwnerFile, 0x1A4, owner, takesOver);
}
