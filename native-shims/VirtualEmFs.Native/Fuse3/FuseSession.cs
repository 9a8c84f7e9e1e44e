using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Native.Fuse3;

/// <summary>A libfuse session: made, mounted, served by threads of the caller's own, and destroyed.</summary>
/// <remarks>Serve and the notifications may be called from any thread; the rest by the owner. libfuse's own daemonizing, signal handlers and
/// loops are not used: the first loses the runtime's threads, the second do not fire under .NET.</remarks>
internal sealed unsafe class FuseSession : IDisposable
{
    // Beyond these, buffers that come back are freed: so many writes are under way at once only now and then.
    private const int SpareBuffers = 16;

    // Of the request that this thread is serving; empty once its callback has kept the memory.
    [ThreadStatic]
    private static fuse_buf t_serving;

    private readonly FuseSessionHandle _handle;
    private readonly ConcurrentStack<fuse_buf> _spare = new();

    private FuseSession(FuseSessionHandle handle) => _handle = handle;

    /// <summary>Makes a session.</summary>
    /// <param name="operations">Copied by libfuse.</param>
    /// <param name="mountOptions">What follows -o, commas and backslashes in values escaped.</param>
    /// <param name="userdata">What fuse_req_userdata returns, and init and destroy get.</param>
    /// <returns>Null when libfuse refuses an option; it has then logged why.</returns>
    public static FuseSession? Create(in fuse_lowlevel_ops operations, string mountOptions, nint userdata)
    {
        // SAFETY: the strings and the table outlive the call, which copies what it keeps; the arguments are three NUL-terminated strings.
        fixed (fuse_lowlevel_ops* table = &operations)
        fixed (byte* program = "emfs\0"u8)
        fixed (byte* flag = "-o\0"u8)
        fixed (byte* options = Encoding.UTF8.GetBytes(mountOptions + "\0"))
        {
            byte** argv = stackalloc byte*[] { program, flag, options };
            var args = new fuse_args { argc = 3, argv = argv };
            var handle = new FuseSessionHandle(Libfuse3.fuse_session_new(&args, table, (nuint)sizeof(fuse_lowlevel_ops), userdata));
            return handle.IsInvalid ? null : new FuseSession(handle);
        }
    }

    /// <summary>True once the kernel has ended the session (it was unmounted), or <see cref="Exit"/> was called.</summary>
    public bool HasExited => Libfuse3.fuse_session_exited(_handle) != 0;

    /// <param name="mountPoint">Path bytes with a terminating NUL.</param>
    /// <returns>False when it cannot be mounted; libfuse has then logged why.</returns>
    public bool Mount(ReadOnlySpan<byte> mountPoint)
    {
        // SAFETY: pinned and NUL-terminated; libfuse copies it.
        fixed (byte* path = mountPoint)
        {
            return Libfuse3.fuse_session_mount(_handle, path) == 0;
        }
    }

    /// <summary>Receives requests and runs their callbacks on the calling thread, until the session ends.</summary>
    /// <returns>0, or the error number that ended the loop.</returns>
    public int Serve()
    {
        // SAFETY: the struct lives through the loop; libfuse fills in memory that it allocates with malloc where there is none, which is
        // ours to free. By the time process_buf returns, a callback has copied what it needs, or has kept the memory.
        fuse_buf buffer = default;
        try
        {
            while (!HasExited)
            {
                int received = Libfuse3.fuse_session_receive_buf(_handle, &buffer);
                if (received == -Errno.EINTR)
                {
                    continue;
                }

                if (received <= 0)
                {
                    return -received;
                }

                t_serving = buffer;
                Libfuse3.fuse_session_process_buf(_handle, &buffer);
                if (t_serving.mem is null && !_spare.TryPop(out buffer))
                {
                    buffer = default;
                }
            }

            return 0;
        }
        finally
        {
            NativeMemory.Free(buffer.mem);
        }
    }

    /// <summary>Keeps bytes of the request that this thread is serving beyond its callback.</summary>
    /// <param name="bytes">In the memory into which the request was received.</param>
    /// <returns>To be disposed of; null when they lie elsewhere, or are kept already.</returns>
    public IMemoryOwner<byte>? Keep(ReadOnlySpan<byte> bytes)
    {
        fuse_buf buffer = t_serving;

        // SAFETY: compared only; a span of native memory has a fixed address.
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
        if (buffer.mem is null || start < buffer.mem || start + bytes.Length > (byte*)buffer.mem + buffer.size)
        {
            return null;
        }

        t_serving = default;
        return new KeptBytes(this, buffer, start, bytes.Length);
    }

    /// <summary>Takes memory back that was kept.</summary>
    internal void GiveBack(fuse_buf buffer)
    {
        if (_spare.Count < SpareBuffers)
        {
            _spare.Push(buffer);
        }
        else
        {
            NativeMemory.Free(buffer.mem);
        }
    }

    /// <summary>Makes every serving thread stop when it next looks; does not wake one that waits for the kernel.</summary>
    public void Exit() => Libfuse3.fuse_session_exit(_handle);

    /// <summary>Drops the kernel's pages and attributes of a node.</summary>
    /// <returns>0 or a negative error number; -ENOENT when the kernel does not know the node.</returns>
    public int InvalidateNode(ulong nodeId, long fileOffset, long lengthBytes) =>
        Libfuse3.fuse_lowlevel_notify_inval_inode(_handle, nodeId, fileOffset, lengthBytes);

    /// <summary>Drops a name from the kernel's cache. Must not be called from a callback on the same folder: the kernel locks it.</summary>
    /// <param name="name">Without a terminating NUL.</param>
    /// <returns>0 or a negative error number; -ENOENT when the kernel does not know the name.</returns>
    public int InvalidateEntry(ulong parentId, ReadOnlySpan<byte> name)
    {
        // SAFETY: pinned, and passed with its length.
        fixed (byte* p = name)
        {
            return Libfuse3.fuse_lowlevel_notify_inval_entry(_handle, parentId, p, (nuint)name.Length);
        }
    }

    /// <summary>Unmounts if that has not happened, and frees the session. Every request must have been answered, every serving thread returned.</summary>
    public void Dispose() => _handle.Dispose();
}
