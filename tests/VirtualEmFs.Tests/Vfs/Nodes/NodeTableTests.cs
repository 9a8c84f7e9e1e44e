using VirtualEmFs.Frames;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Nodes;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Nodes;

public sealed class NodeTableTests
{
    private static readonly NodeFacts s_facts = new("x", default, 0);

    private static NodeKey Key(ulong inode, long mtime = 0) =>
        new(new SourceVersion(1, inode, 10, mtime, mtime), NodeFlavour.Mrc, 0);

    private static NodeTable Table() => new(NodeKey.OfSource(new SourceVersion(1, 2, 3, 4, 5), NodeKind.Directory), s_facts);

    [Fact]
    public void Refer_SameVersion_IsTheSameNode()
    {
        var table = Table();
        var node = table.Refer(Key(7), NodeKind.File, s_facts);
        Assert.Same(node, table.Refer(Key(7), NodeKind.File, s_facts));
        Assert.NotSame(node, table.Refer(Key(7, mtime: 1), NodeKind.File, s_facts));
        Assert.Equal(2ul, node.LookupCount);
    }

    [Fact]
    public void Forget_LastReference_RemovesTheNodeAndItsIdIsNeverUsedAgain()
    {
        var table = Table();
        var seen = new HashSet<ulong> { IFileTree.RootId };
        for (int i = 0; i < 100; i++)
        {
            var node = table.Refer(Key(7), NodeKind.File, s_facts);
            table.Retain(node.Id);
            Assert.True(seen.Add(node.Id));
            table.Forget(node.Id, 1);
            Assert.True(table.TryGet(node.Id, out _));
            table.Forget(node.Id, 1);
            Assert.False(table.TryGet(node.Id, out _));
        }

        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void Forget_NodeWithAnOpenHandle_KeepsItUntilTheHandleCloses()
    {
        var table = Table();
        var node = table.Refer(Key(7), NodeKind.File, s_facts);
        table.Open(node, node.Key.Version, null);
        table.Forget(node.Id, 1);
        Assert.True(table.TryGet(node.Id, out _));
        table.Close(node, null);
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void Open_SameVersionAgain_KeepsTheKernelsPages()
    {
        var table = Table();
        var node = table.Refer(Key(7), NodeKind.File, s_facts);
        Assert.False(table.Open(node, node.Key.Version, null));
        Assert.True(table.Open(node, node.Key.Version, null));
        Assert.False(table.Open(node, node.Key.Version with { MtimeNs = 99 }, null));
    }

    [Fact]
    public void Forget_Root_IsIgnored()
    {
        var table = Table();
        table.Forget(IFileTree.RootId, 100);
        Assert.True(table.TryGet(IFileTree.RootId, out _));
    }

    [Fact]
    public void InodeNumber_OfEveryFlavourAndMember_DiffersAndIsStableAcrossVersions()
    {
        var seen = new HashSet<ulong> { 0, InodeNumbers.Root };
        for (ulong inode = 0; inode < 2_000; inode++)
        {
            foreach (var flavour in Enum.GetValues<NodeFlavour>())
            {
                Assert.True(seen.Add(InodeNumbers.Mix(1, inode, flavour, 0)));
            }

            Assert.True(seen.Add(InodeNumbers.Mix(1, inode, NodeFlavour.Member, 5)));
            Assert.True(seen.Add(InodeNumbers.Mix(2, inode, NodeFlavour.Source, 0)));
        }

        Assert.Equal(Key(7).InodeNumber, Key(7, mtime: 3).InodeNumber);
    }

    /// <summary>st_ino must be the same after every remount, so the mix may never change.</summary>
    [Fact]
    public void Mix_KnownInputs_GivesTheNumbersOfEveryRelease() =>
        Assert.Equal(7555406083564641920ul, InodeNumbers.Mix(0x800000001, 1234, NodeFlavour.Mrc, 0));
}
