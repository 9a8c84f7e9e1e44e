using Microsoft.Win32.SafeHandles;

namespace VirtualEmFs.Native.Hdf5;

/// <summary>An identifier of libhdf5 (hid_t). Closed under the library's lock.</summary>
public abstract class Hdf5Handle : SafeHandleZeroOrMinusOneIsInvalid
{
    private protected Hdf5Handle()
        : base(ownsHandle: true)
    {
    }

    private protected void Adopt(long identifier) => SetHandle((nint)identifier);

    /// <summary>Calls the kind's own close function.</summary>
    /// <returns>A negative number when it fails.</returns>
    private protected abstract int Close(nint identifier);

    protected sealed override bool ReleaseHandle()
    {
        using (Hdf5Library.Enter())
        {
            int status = Close(handle);
            if (status < 0)
            {
                Hdf5Library.DiscardErrors();
            }

            return status >= 0;
        }
    }
}

/// <summary>A file or a group: what can hold groups, datasets and attributes.</summary>
public abstract class ObjectHandle : Hdf5Handle
{
    private protected ObjectHandle()
    {
    }
}

/// <summary>A file open for writing. Disposing drops it whatever happens; <see cref="Hdf5Writer.Close"/> reports failures.</summary>
public sealed class FileHandle : ObjectHandle
{
    internal FileHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Fclose(identifier);
}

/// <summary>A group.</summary>
public sealed class GroupHandle : ObjectHandle
{
    internal GroupHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Gclose(identifier);
}

/// <summary>A dataset.</summary>
public sealed class DatasetHandle : ObjectHandle
{
    internal DatasetHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Dclose(identifier);
}

/// <summary>An attribute.</summary>
public sealed class AttributeHandle : Hdf5Handle
{
    internal AttributeHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Aclose(identifier);
}

/// <summary>A data type that we made ourselves.</summary>
public sealed class TypeHandle : Hdf5Handle
{
    internal TypeHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Tclose(identifier);
}

/// <summary>A data space.</summary>
public sealed class SpaceHandle : Hdf5Handle
{
    internal SpaceHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Sclose(identifier);
}

/// <summary>A property list.</summary>
public sealed class PropertyListHandle : Hdf5Handle
{
    internal PropertyListHandle(long identifier) => Adopt(identifier);

    private protected override int Close(nint identifier) => Libhdf5.H5Pclose(identifier);
}
