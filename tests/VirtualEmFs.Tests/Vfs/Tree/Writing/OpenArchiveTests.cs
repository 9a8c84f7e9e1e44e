using VirtualEmFs.Archives;
using VirtualEmFs.Archives.Hdf5.Eman2;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>Archives of the mount that programs have open: read, written, and renamed or removed meanwhile.</summary>
public sealed class OpenArchiveTests
{
    private static readonly byte[] s_bytes = WrittenTree.Mrc(1), s_patch = [1, 2, 3];

    /// <summary>A disk gives the number of a raw file to the next one as soon as the first is archived; programs take two files of one number for the same.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FilesWrittenAndArchivedInTurn_HaveNumbersOfTheirOwn(bool hasTemporaryName)
    {
        using var tree = new WrittenTree();
        const int fileCount = 12;
        for (int i = 0; i < fileCount; i++)
        {
            if (hasTemporaryName)
            {
                string name = $"{i}.mrc";
                ulong handle = tree.Create($"{i}.tmp");
                tree.Write(handle, 0, WrittenTree.Mrc(i));
                Assert.Equal(VfsStatus.Ok, tree.AskRename($"{i}.tmp", name).Status);
                ulong inode = tree.AttributesOf(tree.Find(name)).Inode;
                Assert.Equal(inode, tree.Entries("", withAttributes: false).Single(entry => entry.Name == name).Inode);
                tree.Tree.Release(handle);
                tree.Flush();
                Assert.Equal(inode, tree.AttributesOf(tree.Find(name)).Inode);
            }
            else
            {
                tree.Archive($"{i}.mrc", WrittenTree.Mrc(i));
            }
        }

        Assert.Equal(fileCount, Enumerable.Range(0, fileCount).Select(i => tree.AttributesOf(tree.Find($"{i}.mrc")).Inode).Distinct().Count());
    }

    /// <summary>CTFFIND opens its images for reading and writing, and only reads.</summary>
    [Fact]
    public void OpenForWriting_WithoutAWrite_ChangesNothing()
    {
        using var tree = new WrittenTree();
        string[] names = [.. Enumerable.Range(0, 100).Select(number => $"{number:00}.mrc")];
        foreach (string name in names)
        {
            tree.WriteFile(name, s_bytes);
        }

        tree.Flush();
        var before = names.Select(name => StateOf(tree, name)).ToArray();
        int archiveCount = tree.Archiver.ArchiveCount;
        foreach (string name in names)
        {
            ulong handle = tree.Open(name);
            Assert.Equal(s_bytes, tree.Read(handle));
            tree.Tree.Release(handle);
        }

        tree.Flush();
        Assert.Equal(before, names.Select(name => StateOf(tree, name)));
        Assert.Equal((0, archiveCount), (tree.Archiver.RestoreCount, tree.Archiver.ArchiveCount));
    }

    [Fact]
    public void Truncate_ToNothing_DecodesNothing()
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        long decodes = tree.Engine.Statistics.Decodes;
        ulong nodeId = tree.Find("a.mrc");
        Assert.Equal(VfsStatus.Ok, tree.Change(nodeId, new AttributeChange(LengthBytes: 0)));
        Assert.Equal((0, decodes), (tree.Archiver.RestoreCount, tree.Engine.Statistics.Decodes));
        tree.Flush();
        Assert.Empty(tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc"], tree.InSource()); // an empty file is no MRC file
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2000)]
    public void Truncate_OfAnArchive_KeepsWhatProgramsSetOnIt(int lengthBytes)
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        const string name = "user.note";
        ulong nodeId = tree.Find("a.mrc");
        Assert.Equal(
            VfsStatus.Ok,
            TreeBench.Ask<Done>(reply => tree.Tree.SetExtendedAttribute(nodeId, name, s_patch, ExtendedAttributeMode.CreateOrReplace, reply)).Status);
        Assert.Equal(VfsStatus.Ok, tree.Change(tree.Find("a.mrc"), new AttributeChange(LengthBytes: lengthBytes)));
        Assert.Equal(s_patch, TreeBench.Ask<byte[]>(reply => tree.Tree.GetExtendedAttribute(tree.Find("a.mrc"), name, reply)).Value);
        tree.Flush();
        Assert.Equal(s_patch, TreeBench.Ask<byte[]>(reply => tree.Tree.GetExtendedAttribute(tree.Find("a.mrc"), name, reply)).Value);
    }

    /// <summary>cp over a damaged archive: the kernel opens it for writing, and empties it then.</summary>
    [Fact]
    public void DamagedArchive_CanBeEmptiedAndWrittenAnew_AndNothingElse()
    {
        using var tree = new WrittenTree();
        byte[] ramp = [.. s_bytes.Select((value, offset) => offset < 1024 ? value : (byte)(offset % 2 * (offset / 96 % 8)))]; // deflates, so that damage shows
        tree.Archive("a.mrc", ramp);
        string archivePath = tree.SourcePathOf("a.mrc.hdf");
        byte[] archive = File.ReadAllBytes(archivePath);
        archive.AsSpan((int)PlaceOfSamples(archivePath), 16).Fill(0xA5);
        File.WriteAllBytes(archivePath, archive);
        byte[] damaged = File.ReadAllBytes(archivePath);
        ulong reader = tree.Open("a.mrc", forWriting: false);
        Assert.Equal(VfsStatus.Corrupt, tree.AskRead(reader).Status);
        tree.Tree.Release(reader);
        Assert.Equal(VfsStatus.Corrupt, tree.AskOpen(tree.Find("a.mrc"), forWriting: false).Status);

        ulong handle = tree.Open("a.mrc");
        Assert.Equal(VfsStatus.Corrupt, tree.AskRead(handle).Status);
        Assert.Equal(VfsStatus.Corrupt, tree.AskWrite(handle, 2000, s_patch).Status);
        Assert.Equal(damaged, File.ReadAllBytes(archivePath));
        byte[] anew = WrittenTree.Mrc(seed: 2);
        Assert.Equal(VfsStatus.Ok, tree.Change(tree.Find("a.mrc"), new AttributeChange(LengthBytes: 0)));
        tree.Write(handle, 0, anew);
        Assert.Equal(anew, tree.Read(handle));
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(anew, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
        Assert.Equal(2, tree.Archiver.ArchiveCount);
    }

    [Fact]
    public void Truncate_ToItsLength_BringsNothingBack()
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        Assert.Equal(VfsStatus.Ok, tree.Change(tree.Find("a.mrc"), new AttributeChange(LengthBytes: s_bytes.Length)));
        Assert.Equal(0, tree.Archiver.RestoreCount);
        Assert.Equal(s_bytes, tree.ReadAll("a.mrc"));
    }

    [Fact]
    public void Write_ThroughOneOfTwoHandles_IsReadThroughBoth()
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        ulong writer = tree.Open("a.mrc"), reader = tree.Open("a.mrc", forWriting: false);
        Assert.Equal(s_bytes, tree.Read(reader));
        tree.Write(writer, 2000, s_patch);
        byte[] expected = [.. s_bytes[..2000], .. s_patch, .. s_bytes[2003..]];
        Assert.Equal(expected, tree.Read(reader));
        Assert.Equal(expected, tree.Read(writer));
        tree.Tree.Release(writer);
        Assert.Equal(expected, tree.Read(reader));
        tree.Tree.Release(reader);
        tree.Flush();
        Assert.Equal(expected, tree.ReadAll("a.mrc"));
        Assert.Equal(["a.mrc.hdf"], tree.InSource());
        Assert.Equal(1, tree.Archiver.RestoreCount);
    }

    [Fact]
    public void Writes_OfManyThreadsToOneArchive_BringItBackOnce()
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        ulong[] handles = [.. Enumerable.Range(0, 8).Select(_ => tree.Open("a.mrc"))];
        var replies = handles.Select((handle, number) => tree.AskWrite(handle, 1100 + (10 * number), [(byte)number])).ToArray();
        Assert.All(replies, reply => Assert.Equal(1, reply.Value));
        byte[] bytes = tree.Read(handles[0]);
        Assert.Equal(Enumerable.Range(0, 8), handles.Select((_, number) => (int)bytes[1100 + (10 * number)]));
        Assert.Equal(1, tree.Archiver.RestoreCount);
        Array.ForEach(handles, tree.Tree.Release);
    }

    [Fact]
    public void Write_OfWhatIsThereAlready_LeavesTheArchiveInPlace()
    {
        using var tree = new WrittenTree();
        tree.Archive("a.mrc", s_bytes);
        byte[] before = File.ReadAllBytes(tree.SourcePathOf("a.mrc.hdf"));
        int archiveCount = tree.Archiver.ArchiveCount;
        ulong handle = tree.Open("a.mrc");
        tree.Write(handle, 0, s_bytes);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(before, File.ReadAllBytes(tree.SourcePathOf("a.mrc.hdf")));
        Assert.Equal(archiveCount, tree.Archiver.ArchiveCount);
    }

    [Theory]
    [InlineData("unlinked")]
    [InlineData("renamed")]
    [InlineData("renamed over")]
    [InlineData("changed")]
    public void Read_OfAnArchiveThatIsOpen_GoesOnWhenItIs(string what)
    {
        using var tree = new WrittenTree();
        byte[] other = WrittenTree.Mrc(2);
        tree.Archive("a.mrc", s_bytes);
        tree.Archive("b.mrc", other);
        ulong nodeId = tree.Find("a.mrc"), handle = tree.AskOpen(nodeId).Value.Handle;
        Assert.Equal(VfsStatus.Ok, what switch
        {
            "unlinked" => tree.AskUnlink("a.mrc").Status,
            "renamed" => tree.AskRename("a.mrc", "c.mrc").Status,
            "renamed over" => tree.AskRename("b.mrc", "a.mrc").Status,
            _ => tree.Change(nodeId, new AttributeChange(Permissions: 0x180, MtimeNs: 1_000_000_007)),
        });
        Assert.Equal(s_bytes, tree.Read(handle)); // nothing of it was decoded before
        uint links = what is "unlinked" or "renamed over" ? 0u : 1;
        Assert.Equal((links, s_bytes.Length), (tree.AttributesOf(nodeId).LinkCount, tree.AttributesOf(nodeId).LengthBytes));
        Assert.Equal(VfsStatus.Ok, tree.Change(nodeId, new AttributeChange(Permissions: 0x180, MtimeNs: 2_000_000_007)));
        Assert.Equal((0x180u, 2_000_000_007), (tree.AttributesOf(nodeId).Permissions, tree.AttributesOf(nodeId).MtimeNs));
        tree.Write(handle, 2000, s_patch);
        byte[] expected = [.. s_bytes[..2000], .. s_patch, .. s_bytes[2003..]];
        Assert.Equal(expected, tree.Read(handle));
        tree.Tree.Release(handle);
        tree.Flush();
        switch (what)
        {
            case "unlinked":
                Assert.Equal(["b.mrc.hdf"], tree.InSource());
                break;
            case "renamed":
                Assert.Equal(expected, tree.ReadAll("c.mrc"));
                Assert.Equal(["b.mrc.hdf", "c.mrc.hdf"], tree.InSource());
                break;
            case "renamed over":
                Assert.Equal(other, tree.ReadAll("a.mrc"));
                Assert.Equal(["a.mrc.hdf"], tree.InSource());
                break;
            default:
                Assert.Equal(expected, tree.ReadAll("a.mrc"));
                Assert.Equal(0x180u, tree.Lookup("a.mrc").Value.Attributes.Permissions);
                break;
        }
    }

    /// <summary>More than are kept open: what was probed under the folder's old name is opened under its new one.</summary>
    [Fact]
    public void Open_AfterARenameOfTheFolder_FindsTheArchive()
    {
        using var tree = new WrittenTree();
        tree.MakeFolder("d");
        string[] names = [.. Enumerable.Range(0, 80).Select(number => $"{number:00}.mrc")];
        foreach (string name in names)
        {
            tree.WriteFile("d/" + name, s_bytes);
        }

        tree.Flush();
        foreach (string name in names)
        {
            Assert.Equal(s_bytes, tree.ReadAll("d/" + name));
        }

        Assert.Equal(VfsStatus.Ok, tree.AskRename("d", "g").Status);
        foreach (string name in names)
        {
            Assert.Equal(s_bytes, tree.ReadAll("g/" + name));
        }

        ulong handle = tree.Open("g/" + names[0]);
        tree.Write(handle, 2000, s_patch);
        tree.Tree.Release(handle);
        tree.Flush();
        Assert.Equal(s_patch, tree.ReadAll("g/" + names[0])[2000..2003]);
    }

    private static (ulong Inode, long MtimeNs, long CtimeNs, string Bytes) StateOf(WrittenTree tree, string name)
    {
        string path = tree.SourcePathOf(name + ".hdf");
        Assert.Equal(0, LinuxFile.Stat(path, followLinks: false, out var stat));
        return (stat.stx_ino, stat.stx_mtime.Nanoseconds, stat.stx_ctime.Nanoseconds, Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));
    }

    private static long PlaceOfSamples(string archivePath)
    {
        using SourceFile file = SourceFile.Open(archivePath);
        var format = new Eman2Hdf5Format();
        return format.OpenMap([file], format.Probe(file, archivePath).Description!).LayoutOf(0).Pieces.Span[0].ArchiveOffset;
    }
}
