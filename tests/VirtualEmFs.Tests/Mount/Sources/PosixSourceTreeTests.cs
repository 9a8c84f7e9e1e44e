using System.Diagnostics;
using System.Text;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Sources;

public sealed class PosixSourceTreeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PosixSourceTree _tree;

    public PosixSourceTreeTests() => _tree = new PosixSourceTree(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Stat_File_HasItsVersionAndOwner()
    {
        File.WriteAllBytes(_folder.PathOf("a.hdf"), new byte[5000]);
        var modified = new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_folder.PathOf("a.hdf"), modified);
        File.SetUnixFileMode(_folder.PathOf("a.hdf"), UnixFileMode.UserRead | UnixFileMode.GroupRead);

        Assert.Equal(VfsStatus.Ok, _tree.Stat("a.hdf", followLinks: false, out SourceStat stat));

        Assert.Equal(NodeKind.File, stat.Kind);
        Assert.Equal(5000, stat.Version.LengthBytes);
        Assert.Equal((modified - DateTime.UnixEpoch).Ticks * 100, stat.Version.MtimeNs);
        Assert.Equal(0x120u, stat.Permissions);
        Assert.Equal(1u, stat.LinkCount);
        Assert.True(stat.BlockCount > 0);
        Assert.NotEqual(0ul, stat.Version.Inode);
    }

    [Fact]
    public void Stat_Link_IsTheLinkOrItsTarget()
    {
        Directory.CreateDirectory(_folder.PathOf("d"));
        File.CreateSymbolicLink(_folder.PathOf("link"), "d");

        Assert.Equal(VfsStatus.Ok, _tree.Stat("link", followLinks: false, out SourceStat link));
        Assert.Equal(VfsStatus.Ok, _tree.Stat("link", followLinks: true, out SourceStat target));

        Assert.Equal(NodeKind.SymbolicLink, link.Kind);
        Assert.Equal(NodeKind.Directory, target.Kind);
    }

    [Fact]
    public void MissingAndWrongKinds_AreStatuses()
    {
        File.WriteAllText(_folder.PathOf("file"), "");
        Assert.Equal(VfsStatus.NotFound, _tree.Stat("absent", followLinks: false, out _));
        Assert.Equal(VfsStatus.NotDirectory, _tree.Stat("file/below", followLinks: false, out _));
        Assert.Equal(VfsStatus.NotDirectory, _tree.List("file", out _));
        Assert.Equal(VfsStatus.NotFound, _tree.OpenFile("absent", out ISourceFile? file));
        Assert.Null(file);
        Assert.Equal(VfsStatus.InvalidArgument, _tree.ReadLink("file", out _));
        Assert.Equal(VfsStatus.NameTooLong, _tree.Stat(new string('x', 300), followLinks: false, out _));
    }

    [Fact]
    public void ResolveLinks_LinkThatLeadsToItself_IsNotFound()
    {
        File.CreateSymbolicLink(_folder.PathOf("loop"), "loop");
        Assert.Equal(VfsStatus.NotFound, _tree.ResolveLinks("loop", out _));
    }

    [Fact]
    public void ResolveLinks_LinkInTheMiddle_IsResolved()
    {
        Directory.CreateDirectory(_folder.PathOf("real", "sub"));
        File.CreateSymbolicLink(_folder.PathOf("link"), "real");
        Assert.Equal(VfsStatus.Ok, _tree.ResolveLinks("link/sub", out string fullPath));
        Assert.Equal(_folder.PathOf("real", "sub"), fullPath);
    }

    [Fact]
    public void List_ManyNames_GivesEachOnceWithItsKind()
    {
        for (int i = 0; i < 3000; i++) // more than one buffer of getdents
        {
            File.WriteAllText(_folder.PathOf($"micrograph-{i:0000}.hdf"), "");
        }

        Directory.CreateDirectory(_folder.PathOf("folder"));
        File.CreateSymbolicLink(_folder.PathOf("link"), "absent");

        Assert.Equal(VfsStatus.Ok, _tree.List("", out IReadOnlyList<SourceName> names));

        Assert.Equal(3002, names.Select(static name => name.Name).Distinct().Count());
        Assert.Equal(3002, names.Count);
        Assert.Equal(NodeKind.Directory, names.Single(static name => name.Name == "folder").Kind);
        Assert.Equal(NodeKind.SymbolicLink, names.Single(static name => name.Name == "link").Kind);
        Assert.All(names, static name => Assert.NotEqual(0ul, name.Inode));
    }

    /// <summary>A name that is no UTF-8 (old microscopes write Latin-1) must be found again under what was listed.</summary>
    [Fact]
    public void NameThatIsNotUtf8_ListedThenOpened_IsTheSameFile()
    {
        // The runtime can neither make nor delete a file of such a name; a shell can.
        Shell("printf right > $'caf\\xe9.hdf'");

        Assert.Equal(VfsStatus.Ok, _tree.List("", out IReadOnlyList<SourceName> names));
        string name = Assert.Single(names).Name;
        Assert.Equal("caf\uDCE9.hdf", name);
        Assert.Equal(VfsStatus.Ok, _tree.OpenFile(name, out ISourceFile? file));
        using (file)
        {
            var bytes = new byte[16];
            Assert.Equal(VfsStatus.Ok, file!.Read(0, bytes, out int lengthBytes));
            Assert.Equal("right", Encoding.UTF8.GetString(bytes, 0, lengthBytes));
        }

        Shell("rm *.hdf");
    }

    [Fact]
    public void Read_AcrossTheEnd_IsShortThereAndNowhereElse()
    {
        byte[] content = [.. Enumerable.Range(0, 1000).Select(static i => (byte)(i % 251))];
        File.WriteAllBytes(_folder.PathOf("f"), content);
        Assert.Equal(VfsStatus.Ok, _tree.OpenFile("f", out ISourceFile? file));
        using (file)
        {
            var bytes = new byte[600];
            Assert.Equal(VfsStatus.Ok, file!.Read(300, bytes, out int lengthBytes));
            Assert.Equal(600, lengthBytes);
            Assert.Equal(content[300..900], bytes);
            Assert.Equal(VfsStatus.Ok, file.Read(900, bytes, out lengthBytes));
            Assert.Equal(100, lengthBytes);
            Assert.Equal(VfsStatus.Ok, file.Read(2000, bytes, out lengthBytes));
            Assert.Equal(0, lengthBytes);
        }
    }

    [Fact]
    public void Seek_SparseFile_FindsDataAndHole()
    {
        using (FileStream sparse = File.Create(_folder.PathOf("sparse")))
        {
            sparse.SetLength(1 << 20);
            sparse.Seek(0, SeekOrigin.Begin);
            sparse.WriteByte(1);
        }

        Assert.Equal(VfsStatus.Ok, _tree.OpenFile("sparse", out ISourceFile? file));
        using (file)
        {
            Assert.Equal(VfsStatus.Ok, file!.Seek(0, SeekKind.Data, out long data));
            Assert.Equal(0, data);
            Assert.Equal(VfsStatus.NoSuchOffset, file.Seek(2 << 20, SeekKind.Hole, out _));
        }
    }

    [Fact]
    public void OpenedFile_ReplacedByRename_StaysTheOldOne()
    {
        File.WriteAllText(_folder.PathOf("f"), "old");
        Assert.Equal(VfsStatus.Ok, _tree.OpenFile("f", out ISourceFile? file));
        using (file)
        {
            Assert.Equal(VfsStatus.Ok, file!.Stat(out SourceStat before));
            File.WriteAllText(_folder.PathOf("g"), "new");
            File.Move(_folder.PathOf("g"), _folder.PathOf("f"), overwrite: true);

            var bytes = new byte[3];
            Assert.Equal(VfsStatus.Ok, file.Read(0, bytes, out _));
            Assert.Equal("old"u8.ToArray(), bytes);
            Assert.Equal(VfsStatus.Ok, _tree.Stat("f", followLinks: false, out SourceStat after));
            Assert.NotEqual(before.Version, after.Version);
        }
    }

    [Fact]
    public void GetCapacity_Folder_IsThatOfItsDisk()
    {
        Assert.Equal(VfsStatus.Ok, _tree.GetCapacity("", out FileSystemCapacity capacity));
        Assert.True(capacity.Blocks > 0);
        Assert.True(capacity.BlockLengthBytes > 0);
        Assert.Equal(255ul, capacity.MaximumNameLength);
    }

    [Fact]
    public void FullPath_RelativeAbsoluteAndRoot_AreJoinedAsPathsAre()
    {
        Assert.Equal(_folder.Path, _tree.FullPath(""));
        Assert.Equal(_folder.Path + "/a/b", _tree.FullPath("a/b"));
        Assert.Equal("/etc/x", _tree.FullPath("/etc/x"));
        Assert.Equal("/etc", new PosixSourceTree("/").FullPath("etc"));
    }

    private void Shell(string command)
    {
        using Process shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = _folder.Path })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
