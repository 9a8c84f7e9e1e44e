using System.Runtime.InteropServices;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Native.Fuse3;

/// <summary>
/// Declarations of libfuse 3's low-level API (fuse_lowlevel.h). A <c>req</c> is a fuse_req_t: it belongs to the file system from the callback
/// until exactly one fuse_reply_ function has been called on it, from any thread.
/// </summary>
/// <remarks>Replies return 0, or a negative error number: -ENOENT when the kernel has withdrawn the request, and then holds nothing of what was sent.</remarks>
internal static unsafe partial class Libfuse3
{
    private const string Library = "fuse3";

    /// <summary>Major · 100 + minor for releases up to 3.99: 314 for 3.14.</summary>
    [LibraryImport(Library)]
    public static partial int fuse_version();

    /// <summary>The release as text, "3.14.0".</summary>
    [LibraryImport(Library)]
    public static partial byte* fuse_pkgversion();

    /// <param name="func">void (*)(enum fuse_log_level, const char *fmt, va_list), or null for standard error.</param>
    [LibraryImport(Library)]
    public static partial void fuse_set_log_func(delegate* unmanaged[Cdecl]<int, byte*, nint, void> func);

    [LibraryImport(Library)]
    internal static partial nint fuse_session_new(fuse_args* args, void* op, nuint op_size, nint userdata);

    [LibraryImport(Library)]
    internal static partial int fuse_session_mount(FuseSessionHandle se, byte* mountpoint);

    [LibraryImport(Library)]
    internal static partial int fuse_session_fd(FuseSessionHandle se);

    [LibraryImport(Library)]
    internal static partial void fuse_session_exit(FuseSessionHandle se);

    [LibraryImport(Library)]
    internal static partial int fuse_session_exited(FuseSessionHandle se);

    [LibraryImport(Library)]
    internal static partial void fuse_session_unmount(nint se);

    [LibraryImport(Library)]
    internal static partial void fuse_session_destroy(nint se);

    /// <summary>Waits for a request. The buffer's memory is allocated with malloc at its first use.</summary>
    /// <returns>Bytes read; 0 at the end of the session; a negative error number.</returns>
    [LibraryImport(Library)]
    internal static partial int fuse_session_receive_buf(FuseSessionHandle se, fuse_buf* buf);

    [LibraryImport(Library)]
    internal static partial void fuse_session_process_buf(FuseSessionHandle se, fuse_buf* buf);

    [LibraryImport(Library)]
    internal static partial int fuse_lowlevel_notify_inval_inode(FuseSessionHandle se, ulong ino, long off, long len);

    [LibraryImport(Library)]
    internal static partial int fuse_lowlevel_notify_inval_entry(FuseSessionHandle se, ulong parent, byte* name, nuint namelen);

    /// <summary>The pointer given to fuse_session_new.</summary>
    [LibraryImport(Library)]
    [SuppressGCTransition] // two loads
    public static partial nint fuse_req_userdata(nint req);

    [LibraryImport(Library)]
    [SuppressGCTransition] // one addition
    public static partial fuse_ctx* fuse_req_ctx(nint req);

    [LibraryImport(Library)]
    public static partial int fuse_reply_err(nint req, int err);

    [LibraryImport(Library)]
    public static partial void fuse_reply_none(nint req);

    [LibraryImport(Library)]
    public static partial int fuse_reply_entry(nint req, fuse_entry_param* e);

    [LibraryImport(Library)]
    public static partial int fuse_reply_attr(nint req, stat* attr, double attr_timeout);

    [LibraryImport(Library)]
    public static partial int fuse_reply_readlink(nint req, byte* link);

    [LibraryImport(Library)]
    public static partial int fuse_reply_open(nint req, fuse_file_info* fi);

    [LibraryImport(Library)]
    public static partial int fuse_reply_create(nint req, fuse_entry_param* e, fuse_file_info* fi);

    [LibraryImport(Library)]
    public static partial int fuse_reply_write(nint req, nuint count);

    [LibraryImport(Library)]
    public static partial int fuse_reply_buf(nint req, byte* buf, nuint size);

    [LibraryImport(Library)]
    public static partial int fuse_reply_statfs(nint req, statvfs* stbuf);

    [LibraryImport(Library)]
    public static partial int fuse_reply_xattr(nint req, nuint count);

    [LibraryImport(Library)]
    public static partial int fuse_reply_lseek(nint req, long off);

    /// <summary>Adds a name to a readdir reply.</summary>
    /// <returns>Bytes that the entry takes; nothing was written when that is more than <paramref name="bufsize"/>.</returns>
    [LibraryImport(Library)]
    public static partial nuint fuse_add_direntry(nint req, byte* buf, nuint bufsize, byte* name, stat* stbuf, long off);

    /// <inheritdoc cref="fuse_add_direntry"/>
    [LibraryImport(Library)]
    public static partial nuint fuse_add_direntry_plus(nint req, byte* buf, nuint bufsize, byte* name, fuse_entry_param* e, long off);
}
