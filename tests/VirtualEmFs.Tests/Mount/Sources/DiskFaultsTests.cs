using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Sources;

public sealed class DiskFaultsTests
{
    [Fact]
    public void Count_FailOnce_IsThatCallOfThatKindAlone()
    {
        var faults = DiskFaults.Parse("fail:ENOSPC:write:2:once");
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Write));
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Rename));
        Assert.Equal(VfsStatus.NoSpace, faults.Count(DiskCall.Write));
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Write));
        Assert.Equal(4, faults.Calls);
    }

    [Fact]
    public void Count_FailAlwaysBelowAPrefix_IsEveryCallThereFromThatOneOn()
    {
        var faults = DiskFaults.Parse("fail:EIO:any:2:always:/staging");
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Open, "/staging/a"));
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Open, "/staging-of-another"));
        Assert.Equal(VfsStatus.Corrupt, faults.Count(DiskCall.Sync, "/staging"));
        Assert.Equal(VfsStatus.Corrupt, faults.Count(DiskCall.Rename, "/source/a", "/staging/a"));
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Rename, "/source/a", "/source/b"));
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.CommitStep));
    }

    [Fact]
    public void Count_SeveralWishes_AreServedByOneCounter()
    {
        var faults = DiskFaults.Parse("fail:EMFILE:open:1:once;fail:EDQUOT:write:1:always;kill:100");
        Assert.Equal(VfsStatus.TooManyOpenFiles, faults.Count(DiskCall.Open));
        Assert.Equal(VfsStatus.QuotaExceeded, faults.Count(DiskCall.Write));
        Assert.Equal(2, faults.Calls);
    }

    [Fact]
    public void Count_Interrupted_IsRepeatedAndCountedTwice()
    {
        var faults = DiskFaults.Parse("fail:EINTR:write:1:once");
        Assert.Equal(VfsStatus.Ok, faults.Count(DiskCall.Write));
        Assert.Equal(2, faults.Calls);
    }

    [Fact]
    public void CountWrite_Short_HalvesThatWriteAlone()
    {
        var faults = DiskFaults.Parse("short:write:2");
        var lengths = new List<int>();
        foreach (int lengthBytes in (int[])[10, 10, 10])
        {
            int allowedBytes = lengthBytes;
            Assert.Equal(VfsStatus.Ok, faults.CountWrite("", ref allowedBytes));
            lengths.Add(allowedBytes);
        }

        Assert.Equal([10, 5, 10], lengths);
    }

    [Fact]
    public void CountWrite_ShortOfOneByte_StillWritesIt()
    {
        int lengthBytes = 1;
        Assert.Equal(VfsStatus.Ok, DiskFaults.Parse("short:write:1").CountWrite("", ref lengthBytes));
        Assert.Equal(1, lengthBytes);
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("kill:0")]
    [InlineData("kill:soon")]
    [InlineData("fail:ENOSPC:write:1")]
    [InlineData("fail:ENOSPC:write:1:twice")]
    [InlineData("fail:ENOTHING:write:1:once")]
    [InlineData("fail:ENOSPC:wrote:1:once")]
    [InlineData("fail:ENOSPC:3:1:once")]
    [InlineData("fail:ENOSPC:write:0:once")]
    [InlineData("fail:EINTR:write:1:always")]
    [InlineData("short:read:1")]
    [InlineData("count:")]
    [InlineData("kill:3;")]
    public void Parse_AnythingElse_IsRefusedWithWhatWasAsked(string text)
    {
        FormatException refusal = Assert.Throws<FormatException>(() => DiskFaults.Parse(text));
        Assert.Contains("EMFS_TEST_DISK asks for '", refusal.Message);
    }
}
