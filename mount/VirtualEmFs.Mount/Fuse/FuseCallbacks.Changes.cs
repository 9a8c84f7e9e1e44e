using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Mount.Fuse;

/// <content>
/// What changes something. Left to the kernel: locks of both kinds; copy_file_range and flush, which libfuse answers with ENOSYS, so that the
/// kernel copies by itself, and closes without asking from then on (what was written has already reached the tree).
/// </content>
internal static unsafe partial class FuseCallbacks
{
    private const uint PermissionBits = 0xFFF;
    private const uint LinkPermissions = 0x1FF; // 0777, as every link has

    // The kernel has checked the range, and that a hole keeps the length.
    private const AllocationMode KnownAllocationModes = AllocationMode.KeepLength | AllocationMode.PunchHole | AllocationMode.Zero;

    private static void AddChanges(ref fuse_lowlevel_ops table)
    {
        table.setattr = &Setattr;
        table.mknod = &Mknod;
        table.mkdir = &Mkdir;
        table.unlink = &Unlink;
        table.rmdir = &Rmdir;
        table.symlink = &Symlink;
        table.rename = &Rename;
        table.link = &Link;
        table.write = &Write;
        table.create = &Create;
        table.setxattr = &Setxattr;
        table.removexattr = &Removexattr;
        table.fallocate = &Fallocate;
        table.fsync = &Fsync;
        table.fsyncdir = &Fsyncdir;
    }

    private static void RefuseChanges(ref fuse_lowlevel_ops table)
    {
        // SAFETY: the System V convention passes these arguments in registers that the callee may ignore, so that one function of the first
        // argument serves operations of any signature.
        void* refuse = (delegate* unmanaged[Cdecl]<nint, void>)&Refuse;
        table.setattr = (delegate* unmanaged[Cdecl]<nint, ulong, stat*, int, fuse_file_info*, void>)refuse;
        table.mknod = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, ulong, void>)refuse;
        table.mkdir = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, void>)refuse;
        table.unlink = table.rmdir = table.removexattr = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, void>)refuse;
        table.symlink = (delegate* unmanaged[Cdecl]<nint, byte*, ulong, byte*, void>)refuse;
        table.rename = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, ulong, byte*, uint, void>)refuse;
        table.link = (delegate* unmanaged[Cdecl]<nint, ulong, ulong, byte*, void>)refuse;
        table.write = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, long, fuse_file_info*, void>)refuse;
        table.create = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, fuse_file_info*, void>)refuse;
        table.setxattr = (delegate* unmanaged[Cdecl]<nint, ulong, byte*, byte*, nuint, int, void>)refuse;
        table.fallocate = (delegate* unmanaged[Cdecl]<nint, ulong, int, long, long, fuse_file_info*, void>)refuse;
        table.copy_file_range = refuse;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Setattr(nint req, ulong ino, stat* attr, int to_set, fuse_file_info* fi) => Serve(
        req, FuseOperation.Setattr, ino, ((nint)attr, to_set, HandleOf(fi)), static (request, wanted) =>
        {
            (nint attributes, int bits, ulong? handle) = wanted;
            request.Tree.SetAttributes(request.NodeId, handle, ChangeOf(*(stat*)attributes, bits), request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Mknod(nint req, ulong parent, byte* name, uint mode, ulong rdev) => Serve(
        req, FuseOperation.Mknod, parent, ((nint)name, mode, rdev, CreationOf(req, mode)), static (request, made) =>
        {
            (nint namePointer, uint mode, ulong deviceNumber, Creation creation) = made;
            request.Name = NameAt(namePointer);
            request.Tree.MakeNode(request.NodeId, request.Name, (NodeKind)((mode >> 12) & 0xF), deviceNumber, creation, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Mkdir(nint req, ulong parent, byte* name, uint mode) => Serve(
        req, FuseOperation.Mkdir, parent, ((nint)name, CreationOf(req, mode)), static (request, made) =>
        {
            (nint namePointer, Creation creation) = made;
            request.Name = NameAt(namePointer);
            request.Tree.MakeDirectory(request.NodeId, request.Name, creation, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Unlink(nint req, ulong parent, byte* name) => Serve(
        req, FuseOperation.Unlink, parent, (nint)name, static (request, namePointer) =>
        {
            request.Name = NameAt(namePointer);
            request.Tree.Unlink(request.NodeId, request.Name, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Rmdir(nint req, ulong parent, byte* name) => Serve(
        req, FuseOperation.Rmdir, parent, (nint)name, static (request, namePointer) =>
        {
            request.Name = NameAt(namePointer);
            request.Tree.RemoveDirectory(request.NodeId, request.Name, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Symlink(nint req, byte* link, ulong parent, byte* name) => Serve(
        req, FuseOperation.Symlink, parent, ((nint)link, (nint)name, CreationOf(req, LinkPermissions)), static (request, made) =>
        {
            (nint target, nint namePointer, Creation creation) = made;
            request.Name = NameAt(namePointer);
            request.Tree.MakeSymbolicLink(request.NodeId, request.Name, NameAt(target), creation, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Rename(nint req, ulong parent, byte* name, ulong newparent, byte* newname, uint flags) => Serve(
        req, FuseOperation.Rename, parent, ((nint)name, newparent, (nint)newname, flags), static (request, renamed) =>
        {
            (nint namePointer, ulong newParentId, nint newNamePointer, uint flags) = renamed;
            request.Name = NameAt(namePointer);
            if (flags <= (uint)RenameMode.Exchange)
            {
                request.Tree.Rename(request.NodeId, request.Name, newParentId, NameAt(newNamePointer), (RenameMode)flags, request);
            }
            else
            {
                request.Fail(VfsStatus.InvalidArgument); // RENAME_WHITEOUT, or two flags at once
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Link(nint req, ulong ino, ulong newparent, byte* newname) => Serve(
        req, FuseOperation.Link, ino, (newparent, (nint)newname), static (request, made) =>
        {
            (ulong newParentId, nint namePointer) = made;
            request.Name = NameAt(namePointer);
            request.Tree.MakeHardLink(request.NodeId, newParentId, request.Name, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(nint req, ulong ino, byte* buf, nuint size, long off, fuse_file_info* fi) => Serve(
        req, FuseOperation.Write, ino, (fi->fh, (nint)buf, (int)size, off), static (request, range) =>
        {
            (ulong handle, nint bytes, int lengthBytes, request.FileOffset) = range;
            request.Tree.Write(handle, request.FileOffset, new ReadOnlySpan<byte>((byte*)bytes, lengthBytes), request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Create(nint req, ulong parent, byte* name, uint mode, fuse_file_info* fi) => Serve(
        req, FuseOperation.Create, parent, ((nint)name, CreationOf(req, mode), fi->flags), static (request, made) =>
        {
            (nint namePointer, Creation creation, int flags) = made;
            request.Name = NameAt(namePointer);
            bool isExclusive = (flags & LinuxFile.O_EXCL) != 0;

            // To the kernel, what it creates is new: it asks for no truncation of a file that came to be since it looked.
            request.EmptiesCreated = !isExclusive && (flags & LinuxFile.O_TRUNC) != 0;
            request.Tree.Create(request.NodeId, request.Name, creation, isExclusive, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Setxattr(nint req, ulong ino, byte* name, byte* value, nuint size, int flags) => Serve(
        req, FuseOperation.Setxattr, ino, ((nint)name, (nint)value, (int)size, flags), static (request, wanted) =>
        {
            (nint namePointer, nint value, int lengthBytes, int flags) = wanted;
            if (TakeUserAttribute(request, namePointer))
            {
                if (flags is < 0 or > (int)ExtendedAttributeMode.Replace)
                {
                    request.Fail(VfsStatus.InvalidArgument);
                    return;
                }

                request.Tree.SetExtendedAttribute(
                    request.NodeId, request.Name!, new ReadOnlySpan<byte>((byte*)value, lengthBytes), (ExtendedAttributeMode)flags, request);
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Removexattr(nint req, ulong ino, byte* name) => Serve(
        req, FuseOperation.Removexattr, ino, (nint)name, static (request, namePointer) =>
        {
            if (TakeUserAttribute(request, namePointer))
            {
                request.Tree.RemoveExtendedAttribute(request.NodeId, request.Name!, request);
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fallocate(nint req, ulong ino, int mode, long off, long length, fuse_file_info* fi) => Serve(
        req, FuseOperation.Fallocate, ino, (fi->fh, mode, off, length), static (request, range) =>
        {
            (ulong handle, int mode, request.FileOffset, long lengthBytes) = range;
            if (((AllocationMode)mode & ~KnownAllocationModes) == 0)
            {
                request.Tree.Allocate(handle, (AllocationMode)mode, request.FileOffset, lengthBytes, request);
            }
            else
            {
                request.Fail(VfsStatus.NotSupported);
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fsync(nint req, ulong ino, int datasync, fuse_file_info* fi) => Serve(
        req, FuseOperation.Fsync, ino, (fi->fh, datasync != 0), static (request, file) =>
        {
            (ulong handle, bool dataOnly) = file;
            request.Tree.Sync(handle, dataOnly, request);
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Fsyncdir(nint req, ulong ino, int datasync, fuse_file_info* fi) => Serve(
        req, FuseOperation.Fsyncdir, ino, fi->fh, static (request, handle) => request.Tree.SyncDirectory(handle, request));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Refuse(nint req) => Serve(req, FuseOperation.Modify, 0, 0, static (request, _) => request.Fail(VfsStatus.ReadOnly));

    // The rest (ACLs, capabilities, labels of SELinux) would have to be obeyed, and only the kernel could.
    private static bool TakeUserAttribute(FuseRequest request, nint namePointer)
    {
        request.Name = NameAt(namePointer);
        if (request.Name.StartsWith("user.", StringComparison.Ordinal))
        {
            return true;
        }

        request.Fail(VfsStatus.NotSupported);
        return false;
    }

    // The kernel has applied the umask.
    private static Creation CreationOf(nint req, uint mode)
    {
        fuse_ctx* caller = Libfuse3.fuse_req_ctx(req);
        return new Creation(mode & PermissionBits, caller->uid, caller->gid);
    }

    private static AttributeChange ChangeOf(in stat attributes, int bits)
    {
        long nowNs = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        return new AttributeChange(
            Has(FuseSetAttr.FUSE_SET_ATTR_MODE) ? attributes.st_mode & PermissionBits : null,
            Has(FuseSetAttr.FUSE_SET_ATTR_UID) ? attributes.st_uid : null,
            Has(FuseSetAttr.FUSE_SET_ATTR_GID) ? attributes.st_gid : null,
            Has(FuseSetAttr.FUSE_SET_ATTR_SIZE) ? attributes.st_size : null,
            Has(FuseSetAttr.FUSE_SET_ATTR_ATIME_NOW) ? nowNs : Has(FuseSetAttr.FUSE_SET_ATTR_ATIME) ? NanosecondsOf(attributes.st_atim) : null,
            Has(FuseSetAttr.FUSE_SET_ATTR_MTIME_NOW) ? nowNs : Has(FuseSetAttr.FUSE_SET_ATTR_MTIME) ? NanosecondsOf(attributes.st_mtim) : null);

        bool Has(int bit) => (bits & bit) != 0;
    }

    // Times beyond the year 2262 stop there.
    private static long NanosecondsOf(timespec time) =>
        (long)Int128.Clamp(((Int128)time.tv_sec * 1_000_000_000) + time.tv_nsec, long.MinValue, long.MaxValue);
}
