using VirtualEmFs.Vfs;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Reading;

/// <summary>A reply that keeps what it was given and fails when it is given twice.</summary>
internal sealed class CapturedRead : IReadReply
{
    private readonly TaskCompletionSource<(VfsStatus Status, byte[] Bytes)> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Data(ReadOnlySpan<byte> bytes) => _done.SetResult((VfsStatus.Ok, bytes.ToArray()));

    public void Fail(VfsStatus status) => _done.SetResult((status, []));

    public bool IsDone => _done.Task.IsCompleted;

    public (VfsStatus Status, byte[] Bytes) Result
    {
        get
        {
            Assert.True(_done.Task.Wait(TimeSpan.FromSeconds(60)), "the read was not answered within a minute");
            return _done.Task.Result;
        }
    }
}
