using Microsoft.Extensions.Logging.Abstractions;
using VirtualEmFs.Mount.Fuse;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Fuse;

public sealed class ActiveRequestsTests : IDisposable
{
    private readonly FuseHost _host = new(new NullTree(0, 0), new FuseHostOptions("null"), NullLogger.Instance);
    private readonly ActiveRequests _active = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void OlderThan_RequestThatMayTakeLong_IsLeftOutButStaysActive()
    {
        FuseRequest slow = Add(FuseOperation.Write);
        FuseRequest other = Add(FuseOperation.Read);
        Assert.Equal([slow, other], _active.OlderThan(TimeSpan.Zero, 10));

        slow.MayTakeLong();
        Assert.Equal([other], _active.OlderThan(TimeSpan.Zero, 10));
        Assert.Same(slow, _active.Oldest);
        Assert.Equal(2, _active.Count);

        _active.Remove(other);
        Assert.Equal(TimeSpan.Zero, _active.OldestAge);
        Assert.Equal(1, _active.Count);
    }

    [Fact]
    public void Remove_InAnyOrder_KeepsTheOthersOldestFirst()
    {
        FuseRequest[] requests = [Add(FuseOperation.Read), Add(FuseOperation.Lookup), Add(FuseOperation.Write)];
        _active.Remove(requests[1]);
        Assert.Equal([requests[0], requests[2]], _active.OlderThan(TimeSpan.Zero, 10));
        _active.Remove(requests[0]);
        Assert.Same(requests[2], _active.Oldest);
        _active.Remove(requests[2]);
        Assert.Null(_active.Oldest);
        Assert.Equal(0, _active.Count);
    }

    private FuseRequest Add(FuseOperation operation)
    {
        var request = new FuseRequest(_host, 0, operation, 1);
        _active.Add(request);
        return request;
    }
}
