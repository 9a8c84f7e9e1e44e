using System.Text;
using VirtualEmFs.Vfs.Names;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Names;

/// <summary>Names that are staged elsewhere are known, and known to be so for no longer than they are.</summary>
public sealed class ForeignNamesTests
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(1);

    private readonly FakeSourceTree _source = new FakeSourceTree().Folder(".emfs").Folder(".emfs/staged");
    private readonly ManualTime _time = new();
    private readonly List<string> _reports = [];

    [Fact]
    public void TryGet_OfNamesOfSeveralLists_TellsWhereTheyAre()
    {
        Put("one", "/d1", "a.mrc", "Micrographs/b.mrc");
        Put("two", "/d2", "Micrographs/\uDCE9\\x\n.mrc");
        var names = Names();
        Assert.True(names.TryGet("Micrographs/b.mrc", out string? where));
        Assert.Equal($"it is staged on one in /d1 and not archived yet; only if that folder is lost, delete /s/.emfs/staged/{NameList.FileNameOf("one", "/d1")}", where);
        Assert.True(names.TryGet("Micrographs/\uDCE9\\x\n.mrc", out where));
        Assert.StartsWith("it is staged on two in /d2 ", where);
        Assert.True(names.TryGet("a.mrc", out _));
        Assert.False(names.TryGet("b.mrc", out _));
        Assert.False(names.TryGet("Micrographs/a.mrc", out _));
        Assert.Equal(["a.mrc"], names.In(""));
        Assert.Equal(["b.mrc", "\uDCE9\\x\n.mrc"], names.In("Micrographs").Order(StringComparer.Ordinal));
        Assert.Empty(names.In("Other"));
        Assert.Empty(_reports);
    }

    [Fact]
    public void TryGet_OfNamesOfOurOwnList_IsFalse()
    {
        Put("one", "/d1", "a.mrc");
        Put("two", "/d2", "b.mrc");
        var names = Names(NameList.FileNameOf("one", "/d1"));
        Assert.False(names.TryGet("a.mrc", out _));
        Assert.True(names.TryGet("b.mrc", out _));
    }

    [Fact]
    public void TryGet_WithoutLists_AsksTheDiskOncePerLifetime()
    {
        var source = new FakeSourceTree();
        var names = new ForeignNames(source, s_lifetime, null, Report, _time);
        for (int i = 0; i < 10; i++)
        {
            Assert.False(names.TryGet("a.mrc", out _));
            Assert.Empty(names.In(""));
        }

        Assert.Equal(1, source.Calls["ListOfLists"]);
        _time.Advance(s_lifetime * 1.5);
        Assert.Empty(names.In(""));
        Assert.Equal(2, source.Calls["ListOfLists"]);
        Assert.Empty(_reports);
    }

    [Fact]
    public void TryGet_AfterAListHasChanged_ReadsThatOneAlone()
    {
        Put("one", "/d1", "a.mrc");
        Put("two", "/d2", "b.mrc");
        var names = Names();
        Assert.True(names.TryGet("a.mrc", out _));
        Assert.Equal(2, _source.Calls["Open"]);
        Put("one", "/d1", "c.mrc");
        Assert.True(names.TryGet("a.mrc", out _));
        _time.Advance(s_lifetime * 1.5);
        Assert.False(names.TryGet("a.mrc", out _));
        Assert.True(names.TryGet("c.mrc", out _));
        Assert.True(names.TryGet("b.mrc", out _));
        Assert.Equal(3, _source.Calls["Open"]);
        _time.Advance(s_lifetime * 1.5);
        Assert.True(names.TryGet("c.mrc", out _));
        Assert.Equal(3, _source.Calls["Open"]);
        _source.Remove(PathOf("two", "/d2"));
        _time.Advance(s_lifetime * 1.5);
        Assert.False(names.TryGet("b.mrc", out _));
        Assert.True(names.TryGet("c.mrc", out _));
    }

    [Fact]
    public void TryGet_AfterAListWasDamaged_KeepsWhatItSaidAndReportsIt()
    {
        Put("one", "/d1", "a.mrc", "b.mrc");
        var names = Names();
        Assert.True(names.TryGet("b.mrc", out _));
        string content = _source.ContentOf(PathOf("one", "/d1"));
        string[] damaged = ["", "garbage", content[..content.LastIndexOf("b.mrc", StringComparison.Ordinal)], content[..(content.IndexOf("a.mrc", StringComparison.Ordinal) + 7)] + "\n", content.Replace("\"version\":1", "\"version\":2")];
        foreach (string bytes in damaged)
        {
            _reports.Clear();
            _source.File(PathOf("one", "/d1"), bytes);
            _time.Advance(s_lifetime * 1.5);
            Assert.True(names.TryGet("b.mrc", out _));
            Assert.Equal([$"{PathOf("one", "/d1")}: the list of names that are staged elsewhere is damaged; the mount that writes it replaces it at its next change"], _reports);
        }
    }

    /// <summary>What lies beside the lists is none.</summary>
    [Fact]
    public void TryGet_WithOtherFilesBesideTheLists_LeavesThemAlone()
    {
        _source.File(".emfs/staged/README", "x").File(".emfs/staged/0123456789ABCDEF", "x");
        Assert.Empty(Names().In(""));
        Assert.Empty(_reports);
        Assert.False(_source.Calls.ContainsKey("Open"));
    }

    /// <summary>A disk that hangs stops the one who asks it, and nobody else.</summary>
    [Fact]
    public async Task TryGet_WhileTheDiskHangs_GoesOnWithWhatIsKnown()
    {
        Put("one", "/d1", "a.mrc");
        var names = Names();
        Assert.True(names.TryGet("a.mrc", out _));
        _time.Advance(s_lifetime * 1.5);
        using var stall = _source.Stall(".emfs");
        var waiting = Task.Run(() => names.TryGet("a.mrc", out _), TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => _source.StalledCount == 1, TimeSpan.FromSeconds(30)));
        Assert.True(names.TryGet("a.mrc", out _));
        Assert.False(waiting.IsCompleted);
        stall.Set();
        Assert.True(await waiting);
    }

    private static string PathOf(string host, string staging) => $".emfs/staged/{NameList.FileNameOf(host, staging)}";

    private void Put(string host, string staging, params string[] paths) =>
        _source.File(PathOf(host, staging), Encoding.UTF8.GetString(new NameList(host, staging, paths).ToBytes()));

    private ForeignNames Names(string? ownFileName = null) => new(_source, s_lifetime, ownFileName, Report, _time);

    private void Report(string path, string reason) => _reports.Add($"{path}: {reason}");
}
