using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>The functions that libfuse calls. Each hands its request to the tree and returns; none waits, and no exception leaves one.</summary>
/// <remarks>Called on the host's serving threads. Pointers are valid during the call only.</remarks>
internal static unsafe partial class FuseCallbacks
{
    // A plain entry takes 24 bytes and its name, one with attributes 152 and its name, each rounded up to 8. Asking for more entries
    // than fit costs a stat each, asking for fewer costs another request: so names of about 20 letters are assumed.
    private const int PlainEntryLengthBytes = 48;
    private const int EntryWithAttributesLengthBytes = 176;

    /// <summary>The table for fuse_session_new.</summary>
    /// <param name="isWritable">Changes reach the tree; otherwise each is refused.</param>
    public static fuse_lowlevel_ops TableOf(bool isWritable)
    {
        fuse_lowlevel_ops table = new()
        {
            init = &Init,
            lookup = &Lookup,
            forget = &Forget,
            forget_multi = &ForgetMulti,
            getattr = &Getattr,
            readlink = &Readlink,
            opendir = &Opendir,
            readdir = &Readdir,
            readdirplus = &Readdirplus,
            releasedir = &Releasedir,
            open = &Open,
            read = &Read,
            release = &Release,
            statfs = &Statfs,
            getxattr = &Getxattr,
            listxattr = &Listxattr,
            lseek = &Lseek,
        };
        if (isWritable)
        {
            AddChanges(ref table);
        }
        else
        {
            RefuseChanges(ref table);
        }

        return table;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Init(nint userdata, fuse_conn_info* connection)
    {
        FuseHost host = HostOf(userdata);
        try
        {
            host.Negotiate(ref *connection);
        }
        catch (Exception exception)
        {
            host.ReportException(FuseOperation.Init, exception);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Lookup(nint req, ulong parent, byte* name) => Serve(
        req, FuseOperation.Lookup, parent, (nint)name, static (request, namePointer) =>
        {
            request.Name = NameAt(namePointer);
            request.Tree.Lookup(request.NodeId, request.Name, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forget(nint req, ulong ino, ulong nlookup)
    {
        var forgotten = new fuse_forget_data { ino = ino, nlookup = nlookup };
        ForgetAll(req, new ReadOnlySpan<fuse_forget_data>(&forgotten, 1));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ForgetMulti(nint req, nuint count, fuse_forget_data* forgets) =>
        ForgetAll(req, new ReadOnlySpan<fuse_forget_data>(forgets, (int)count));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Getattr(nint req, ulong ino, fuse_file_info* fi) => Serve(
        req, FuseOperation.Getattr, ino, HandleOf(fi), static (request, handle) => request.Tree.GetAttributes(request.NodeId, handle, request));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Readlink(nint req, ulong ino) => Serve(
        req, FuseOperation.Readlink, ino, 0, static (request, _) => request.Tree.ReadLink(request.NodeId, request));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Opendir(nint req, ulong ino, fuse_file_info* fi) => Serve(
        req, FuseOperation.Opendir, ino, 0, static (request, _) => request.Tree.OpenDirectory(request.NodeId, request));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Readdir(nint req, ulong ino, nuint size, long off, fuse_file_info* fi) => Serve(
        req, FuseOperation.Readdir, ino, (fi->fh, (int)size, off), static (request, folder) =>
        {
            (ulong handle, request.BufferLengthBytes, long offset) = folder;
            int maximumCount = Math.Max(1, request.BufferLengthBytes / PlainEntryLengthBytes);
            request.Tree.ReadDirectory(handle, offset, maximumCount, withAttributes: false, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Readdirplus(nint req, ulong ino, nuint size, long off, fuse_file_info* fi) => Serve(
        req, FuseOperation.Readdirplus, ino, (fi->fh, (int)size, off), static (request, folder) =>
        {
            (ulong handle, request.BufferLengthBytes, long offset) = folder;
            int maximumCount = Math.Max(1, request.BufferLengthBytes / EntryWithAttributesLengthBytes);
            request.Tree.ReadDirectory(handle, offset, maximumCount, withAttributes: true, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Releasedir(nint req, ulong ino, fuse_file_info* fi) => Serve(
        req, FuseOperation.Releasedir, ino, fi->fh, static (request, handle) =>
        {
            request.Tree.ReleaseDirectory(handle);
            request.Ok(default(Done));
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Open(nint req, ulong ino, fuse_file_info* fi) => Serve(
        req, FuseOperation.Open, ino, fi->flags, static (request, flags) =>
        {
            const int accessMode = LinuxFile.O_WRONLY | LinuxFile.O_RDWR;
            request.Tree.Open(request.NodeId, (flags & accessMode) != LinuxFile.O_RDONLY, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Read(nint req, ulong ino, nuint size, long off, fuse_file_info* fi) => Serve(
        req, FuseOperation.Read, ino, (fi->fh, (int)size, off, fi->lock_owner), static (request, range) =>
        {
            (ulong handle, int lengthBytes, long fileOffset, ulong owner) = range;

            // The kernel names an owner for reads into a program's buffer, and none for reads into pages.
            request.FillsPages = owner == 0;
            request.FileOffset = fileOffset;
            request.Tree.Read(handle, fileOffset, lengthBytes, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(nint req, ulong ino, fuse_file_info* fi) => Serve(
        req, FuseOperation.Release, ino, fi->fh, static (request, handle) =>
        {
            request.Tree.Release(handle);
            request.Ok(default(Done));
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Statfs(nint req, ulong ino) => Serve(
        req, FuseOperation.Statfs, ino, 0, static (request, _) => request.Tree.GetCapacity(request.NodeId, request));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Getxattr(nint req, ulong ino, byte* name, nuint size) => Serve(
        req, FuseOperation.Getxattr, ino, ((nint)name, (int)size), static (request, wanted) =>
        {
            (nint namePointer, request.BufferLengthBytes) = wanted;
            ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)namePointer);
            if (name.StartsWith("user."u8))
            {
                request.Name = PathBytes.Decode(name);
                request.Tree.GetExtendedAttribute(request.NodeId, request.Name, request);
            }
            else
            {
                // Asked often (ls and cp: security.selinux, security.capability, ACLs) and never there: answered without the node. ACLs
                // are a feature that this file system lacks, anything else an attribute that the file lacks.
                request.Fail(name.StartsWith("system."u8) ? VfsStatus.NotSupported : VfsStatus.NoData);
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Listxattr(nint req, ulong ino, nuint size) => Serve(
        req, FuseOperation.Listxattr, ino, (int)size, static (request, lengthBytes) =>
        {
            request.BufferLengthBytes = lengthBytes;
            request.Tree.ListExtendedAttributes(request.NodeId, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Lseek(nint req, ulong ino, long off, int whence, fuse_file_info* fi) => Serve(
        req, FuseOperation.Lseek, ino, (fi->fh, off, whence), static (request, seek) =>
        {
            (ulong handle, request.FileOffset, int whence) = seek;
            if ((SeekKind)whence is SeekKind.Data or SeekKind.Hole)
            {
                request.Tree.Seek(handle, request.FileOffset, (SeekKind)whence, request);
            }
            else
            {
                request.Fail(VfsStatus.InvalidArgument);
            }
        });

    private static FuseHost HostOf(nint userdata) => (FuseHost)GCHandle.FromIntPtr(userdata).Target!;

    private static ulong? HandleOf(fuse_file_info* fi) => fi == null ? null : fi->fh;

    private static string NameAt(nint pointer) =>

        // SAFETY: a NUL-terminated string in the request's buffer, valid during the callback.
        PathBytes.Decode(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)pointer));

    // The guard: an exception that left a callback would end the process and every file open on the mount.
    private static void Serve<TArguments>(
        nint req, FuseOperation operation, ulong nodeId, TArguments arguments, Action<FuseRequest, TArguments> start)
    {
        FuseHost host = HostOf(Libfuse3.fuse_req_userdata(req));
        FuseRequest? request = null;
        try
        {
            request = host.Begin(req, operation, nodeId);
            if (host.Fault?.Strike(operation) != true)
            {
                start(request, arguments);
            }
        }
        catch (Exception exception)
        {
            host.ReportException(operation, exception);
            if (request is null)
            {
                _ = Libfuse3.fuse_reply_err(req, Errno.EIO);
            }
            else
            {
                request.FailAfterException();
            }
        }
    }

    private static void ForgetAll(nint req, ReadOnlySpan<fuse_forget_data> forgets)
    {
        FuseHost host = HostOf(Libfuse3.fuse_req_userdata(req));
        try
        {
            host.Counters.Started(FuseOperation.Forget);
            foreach (fuse_forget_data forget in forgets)
            {
                host.Tree.Forget(forget.ino, forget.nlookup);
            }
        }
        catch (Exception exception)
        {
            host.ReportException(FuseOperation.Forget, exception);
        }

        Libfuse3.fuse_reply_none(req);
    }
}
