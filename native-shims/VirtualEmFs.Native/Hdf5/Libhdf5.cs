using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Hdf5;

/// <summary>Declarations of libhdf5, as much as writing needs; the checks, and the one lock, are in <see cref="Hdf5Library"/>.</summary>
/// <remarks>hid_t is a 64-bit integer, herr_t a C int, hsize_t an unsigned 64-bit integer since 1.10.</remarks>
internal static unsafe partial class Libhdf5
{
    private const string Library = "hdf5";

    internal const long H5P_DEFAULT = 0;
    internal const long H5E_DEFAULT = 0;
    internal const uint H5F_ACC_EXCL = 4;
    internal const int H5F_SCOPE_GLOBAL = 1;
    internal const int H5F_CLOSE_STRONG = 3;
    internal const int H5S_SCALAR = 0;
    internal const int H5T_COMPOUND = 6;
    internal const int H5T_STR_NULLTERM = 0;
    internal const int H5T_CSET_UTF8 = 1;
    internal const int H5D_FILL_TIME_NEVER = 1;
    internal const int H5E_WALK_DOWNWARD = 1;

    [LibraryImport(Library)]
    internal static partial int H5open();

    [LibraryImport(Library)]
    internal static partial int H5dont_atexit();

    [LibraryImport(Library)]
    internal static partial int H5get_libversion(uint* majnum, uint* minnum, uint* relnum);

    [LibraryImport(Library)]
    internal static partial int H5Eset_auto2(long estack_id, nint func, nint client_data);

    [LibraryImport(Library)]
    internal static partial int H5Ewalk2(long err_stack, int direction, delegate* unmanaged<uint, H5E_error2_t*, void*, int> func, void* client_data);

    [LibraryImport(Library)]
    internal static partial int H5Eclear2(long err_stack);

    [LibraryImport(Library)]
    internal static partial long H5Pcreate(long cls_id);

    [LibraryImport(Library)]
    internal static partial int H5Pclose(nint plist_id);

    [LibraryImport(Library)]
    internal static partial int H5Pset_sym_k(PropertyListHandle plist_id, uint ik, uint lk);

    [LibraryImport(Library)]
    internal static partial int H5Pset_istore_k(PropertyListHandle plist_id, uint ik);

    [LibraryImport(Library)]
    internal static partial int H5Pset_fclose_degree(PropertyListHandle fapl_id, int degree);

    [LibraryImport(Library)]
    internal static partial int H5Pset_file_locking(PropertyListHandle fapl_id, byte use_file_locking, byte ignore_when_disabled);

    [LibraryImport(Library)]
    internal static partial int H5Pset_local_heap_size_hint(PropertyListHandle plist_id, nuint size_hint);

    [LibraryImport(Library)]
    internal static partial int H5Pset_obj_track_times(PropertyListHandle plist_id, byte track_times);

    [LibraryImport(Library)]
    internal static partial int H5Pset_chunk(PropertyListHandle plist_id, int ndims, ulong* dim);

    [LibraryImport(Library)]
    internal static partial int H5Pset_shuffle(PropertyListHandle plist_id);

    [LibraryImport(Library)]
    internal static partial int H5Pset_deflate(PropertyListHandle plist_id, uint aggression);

    [LibraryImport(Library)]
    internal static partial int H5Pset_fill_time(PropertyListHandle plist_id, int fill_time);

    [LibraryImport(Library)]
    internal static partial long H5Fcreate(byte* filename, uint flags, PropertyListHandle create_plist, PropertyListHandle access_plist);

    [LibraryImport(Library)]
    internal static partial int H5Fflush(FileHandle object_id, int scope);

    [LibraryImport(Library)]
    internal static partial int H5Fclose(nint file_id);

    [LibraryImport(Library)]
    internal static partial long H5Gcreate2(ObjectHandle loc_id, byte* name, long lcpl_id, PropertyListHandle gcpl_id, long gapl_id);

    [LibraryImport(Library)]
    internal static partial int H5Gclose(nint group_id);

    [LibraryImport(Library)]
    internal static partial long H5Screate(int type);

    [LibraryImport(Library)]
    internal static partial long H5Screate_simple(int rank, ulong* dims, ulong* maxdims);

    [LibraryImport(Library)]
    internal static partial int H5Sclose(nint space_id);

    [LibraryImport(Library)]
    internal static partial long H5Tcopy(long type_id);

    [LibraryImport(Library)]
    internal static partial int H5Tset_size(TypeHandle type_id, nuint size);

    [LibraryImport(Library)]
    internal static partial int H5Tset_strpad(TypeHandle type_id, int strpad);

    [LibraryImport(Library)]
    internal static partial int H5Tset_cset(TypeHandle type_id, int cset);

    [LibraryImport(Library)]
    internal static partial long H5Tcreate(int type, nuint size);

    [LibraryImport(Library)]
    internal static partial int H5Tinsert(TypeHandle parent_id, byte* name, nuint offset, TypeHandle member_id);

    [LibraryImport(Library)]
    internal static partial int H5Tclose(nint type_id);

    [LibraryImport(Library)]
    internal static partial long H5Acreate2(ObjectHandle loc_id, byte* attr_name, TypeHandle type_id, SpaceHandle space_id, long acpl_id, long aapl_id);

    [LibraryImport(Library)]
    internal static partial long H5Aopen(ObjectHandle obj_id, byte* attr_name, long aapl_id);

    [LibraryImport(Library)]
    internal static partial int H5Awrite(AttributeHandle attr_id, TypeHandle type_id, void* buf);

    [LibraryImport(Library)]
    internal static partial int H5Aclose(nint attr_id);

    [LibraryImport(Library)]
    internal static partial long H5Dcreate2(
        ObjectHandle loc_id, byte* name, TypeHandle type_id, SpaceHandle space_id, long lcpl_id, PropertyListHandle dcpl_id, long dapl_id);

    [LibraryImport(Library)]
    internal static partial int H5Dwrite(DatasetHandle dset_id, TypeHandle mem_type_id, long mem_space_id, long file_space_id, long plist_id, void* buf);

    [LibraryImport(Library)]
    internal static partial int H5Dwrite_chunk(DatasetHandle dset_id, long dxpl_id, uint filters, ulong* offset, nuint data_size, void* buf);

    [LibraryImport(Library)]
    internal static partial int H5Dclose(nint dset_id);

    /// <summary>One entry of an error stack.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct H5E_error2_t
    {
        public long cls_id;
        public long maj_num;
        public long min_num;
        public uint line;
        public byte* func_name;
        public byte* file_name;
        public byte* desc;
    }
}
