using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Fuse3;

/// <summary>A struct fuse_session: its release unmounts what is mounted and frees the session.</summary>
/// <remarks>Must not be released while a request is unanswered: a fuse_req_t points into the session.</remarks>
internal sealed class FuseSessionHandle : SafeHandle
{
    internal FuseSessionHandle(nint session)
        : base(0, ownsHandle: true) => SetHandle(session);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        Libfuse3.fuse_session_unmount(handle);
        Libfuse3.fuse_session_destroy(handle);
        return true;
    }
}
