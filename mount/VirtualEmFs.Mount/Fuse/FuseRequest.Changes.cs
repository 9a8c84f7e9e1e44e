using System.Buffers;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <content>The answers to what changes something.</content>
internal sealed unsafe partial class FuseRequest : IReply<CreatedFile>, IReply<int>, IReply<Done>, ISlowReply, IBytesReply
{
    // Of a shorter one more memory would wait than it takes time to copy.
    private const int ShortestKeptWriteBytes = 128 << 10;

    /// <summary>For a creation: what it opens is to be empty, also where it was there before.</summary>
    public bool EmptiesCreated { get; set; }

    /// <inheritdoc/>
    public void MayTakeLong() => IsSlow = true;

    /// <inheritdoc/>
    public IMemoryOwner<byte>? Keep(ReadOnlySpan<byte> bytes) => bytes.Length < ShortestKeptWriteBytes ? null : _host.Keep(bytes);

    /// <summary>Answers a request that returns nothing.</summary>
    public void Ok(Done value)
    {
        if (Claim())
        {
            Finish(Libfuse3.fuse_reply_err(_req, 0));
        }
    }

    public void Ok(CreatedFile value)
    {
        if (EmptiesCreated && value.Entry.Attributes.LengthBytes > 0)
        {
            EmptiesCreated = false;
            Tree.SetAttributes(value.Entry.NodeId, value.File.Handle, new AttributeChange(LengthBytes: 0), new EmptiedFile(this, value));
        }
        else if (Claim())
        {
            // SAFETY: locals that outlive the call.
            fuse_entry_param entry = EntryOf(value.Entry);
            fuse_file_info opened = InfoOf(value.File);
            if (!Finish(Libfuse3.fuse_reply_create(_req, &entry, &opened)))
            {
                TakeBack(value);
            }
        }
    }

    /// <summary>Bytes written.</summary>
    public void Ok(int value)
    {
        if (Claim())
        {
            Finish(Libfuse3.fuse_reply_write(_req, (nuint)value));
        }
    }

    private void TakeBack(in CreatedFile file)
    {
        Tree.Release(file.File.Handle);
        Tree.Forget(file.Entry.NodeId, 1);
    }

    // Goes on with a creation that had found a file, once it is empty.
    private sealed class EmptiedFile(FuseRequest creation, CreatedFile file) : IReply<(NodeAttributes Attributes, TimeSpan Timeout)>
    {
        public void Ok((NodeAttributes Attributes, TimeSpan Timeout) value) =>
            creation.Ok(file with { Entry = file.Entry with { Attributes = value.Attributes, Timeout = value.Timeout } });

        public void Fail(VfsStatus status)
        {
            creation.TakeBack(file);
            creation.Fail(status);
        }
    }
}
