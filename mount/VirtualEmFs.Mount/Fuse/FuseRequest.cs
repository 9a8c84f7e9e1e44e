using System.Diagnostics;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>
/// One request of the kernel, and the reply to it. The tree calls exactly one reply method, once, from whichever thread has the answer.
/// </summary>
/// <remarks>
/// Any thread. One object for each request, never used again: a second answer to it is then a mistake that is seen and harmless, where a
/// pooled object would answer a stranger's request. About 100 bytes that die in generation 0.
/// </remarks>
internal sealed partial class FuseRequest
{
    private readonly FuseHost _host;
    private readonly nint _req; // a fuse_req_t: ours until the reply
    private int _answered;

    public FuseRequest(FuseHost host, nint req, FuseOperation operation, ulong nodeId)
    {
        _host = host;
        _req = req;
        Operation = operation;
        NodeId = nodeId;
        StartedTimestamp = Stopwatch.GetTimestamp();
    }

    public FuseOperation Operation { get; }

    public ulong NodeId { get; }

    /// <summary>A Stopwatch timestamp.</summary>
    public long StartedTimestamp { get; }

    /// <summary>The name, or extended attribute, that the request is about.</summary>
    public string? Name { get; set; }

    /// <summary>Offset in the file that the request is about.</summary>
    public long FileOffset { get; set; }

    /// <inheritdoc/>
    public bool FillsPages { get; set; }

    /// <summary>Bytes that the kernel's buffer takes; 0 for an extended attribute whose length alone is asked.</summary>
    public int BufferLengthBytes { get; set; }

    /// <summary>Set once the log has said that this request waits.</summary>
    public bool IsReported { get; set; }

    /// <summary>Set for a request that may rightly take long.</summary>
    public bool IsSlow { get; private set; }

    public IFileTree Tree => _host.Tree;

    // The list of active requests: guarded by ActiveRequests' lock.
    internal FuseRequest? Older { get; set; }

    internal FuseRequest? Newer { get; set; }

    /// <summary>Answers with an error.</summary>
    public void Fail(VfsStatus status)
    {
        if (Claim())
        {
            _host.Counters.Failed(status);
            Finish(Libfuse3.fuse_reply_err(_req, VfsErrno.Of(status)));
        }
    }

    /// <summary>Answers an exception that the tree threw, with EIO; nothing when the tree had already answered.</summary>
    public void FailAfterException()
    {
        if (Interlocked.Exchange(ref _answered, 1) == 0)
        {
            _host.Counters.Failed(VfsStatus.Corrupt);
            Finish(Libfuse3.fuse_reply_err(_req, VfsErrno.Of(VfsStatus.Corrupt)));
        }
    }

    /// <summary>What the request is about, for the log.</summary>
    public override string ToString()
    {
        string about = _host.DescribeNode(NodeId);
        return Operation switch
        {
            FuseOperation.Read or FuseOperation.Write or FuseOperation.Fallocate or FuseOperation.Lseek => $"{Name(Operation)} of {about} at byte {FileOffset}",
            _ when this.Name is not null => $"{Name(Operation)} of {this.Name} in {about}",
            _ => $"{Name(Operation)} of {about}",
        };

        static string Name(FuseOperation operation) => operation.ToString().ToLowerInvariant();
    }

    // True for the first answer; a second one is a mistake in the tree, and must not touch a fuse_req_t that libfuse has freed.
    private bool Claim()
    {
        if (Interlocked.Exchange(ref _answered, 1) == 0)
        {
            return true;
        }

        _host.ReportSecondAnswer(this);
        return false;
    }

    /// <param name="result">What the fuse_reply_ function returned.</param>
    /// <returns>True when the kernel has taken the answer; false when it had withdrawn the request, and holds nothing of it.</returns>
    private bool Finish(int result)
    {
        _host.Active.Remove(this);
        return result == 0;
    }
}
