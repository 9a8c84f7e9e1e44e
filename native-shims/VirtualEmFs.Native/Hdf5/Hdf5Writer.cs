using System.Runtime.InteropServices;
using System.Text;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Native.Hdf5;

/// <summary>
/// Writes one new HDF5 file in the oldest format (superblock 0, symbol-table groups, version-1 object headers), as EMAN2 does.
/// </summary>
/// <remarks>Any thread; calls run one at a time. Handles that it returns belong to the caller.</remarks>
public sealed unsafe class Hdf5Writer : IDisposable
{
    private readonly Dictionary<Hdf5Type, TypeHandle> _types = [];
    private readonly Dictionary<int, SpaceHandle> _attributeSpaces = [];
    private readonly Dictionary<int, PropertyListHandle> _groupProperties = [];
    private readonly FileHandle _file;

    private Hdf5Writer(FileHandle file) => _file = file;

    /// <summary>The root group.</summary>
    public ObjectHandle Root => _file;

    /// <summary>Creates a file that must not exist yet.</summary>
    /// <param name="path">As <see cref="PathBytes"/> writes Linux names.</param>
    /// <exception cref="Hdf5Exception">The file exists or cannot be created.</exception>
    /// <exception cref="DllNotFoundException">libhdf5 is not installed.</exception>
    public static Hdf5Writer Create(string path, Hdf5FileLayout layout)
    {
        _ = Hdf5Library.Version;
        using (Hdf5Library.Enter())
        {
            using PropertyListHandle creation = CreateProperties("H5P_CLS_FILE_CREATE_ID_g");
            Hdf5Library.Check(Libhdf5.H5Pset_sym_k(creation, (uint)layout.GroupTreeK, (uint)layout.GroupLeafK));
            Hdf5Library.Check(Libhdf5.H5Pset_istore_k(creation, (uint)layout.ChunkTreeK));
            using PropertyListHandle access = CreateProperties("H5P_CLS_FILE_ACCESS_ID_g");
            Hdf5Library.Check(Libhdf5.H5Pset_fclose_degree(access, Libhdf5.H5F_CLOSE_STRONG));
            DisableLocking(access);

            // SAFETY: the pinned path ends with a NUL and is only read during the call.
            fixed (byte* name = PathBytes.Encode(path))
            {
                return new Hdf5Writer(new FileHandle(Hdf5Library.Check(Libhdf5.H5Fcreate(name, Libhdf5.H5F_ACC_EXCL, creation, access))));
            }
        }
    }

    /// <summary>Creates a group.</summary>
    /// <param name="nameHeapLengthBytes">Room for the names of what the group will hold; 0 leaves it to the library.</param>
    /// <exception cref="Hdf5Exception">It exists, or the disk fails.</exception>
    public GroupHandle CreateGroup(ObjectHandle parent, string name, int nameHeapLengthBytes = 0)
    {
        using (Hdf5Library.Enter())
        {
            if (!_groupProperties.TryGetValue(nameHeapLengthBytes, out PropertyListHandle? properties))
            {
                properties = CreateProperties("H5P_CLS_GROUP_CREATE_ID_g");
                _groupProperties.Add(nameHeapLengthBytes, properties);
                Hdf5Library.Check(Libhdf5.H5Pset_obj_track_times(properties, 0));
                Hdf5Library.Check(Libhdf5.H5Pset_local_heap_size_hint(properties, (nuint)nameHeapLengthBytes));
            }

            // SAFETY: the pinned name ends with a NUL and is only read during the call.
            fixed (byte* text = CString(name))
            {
                return new GroupHandle(Hdf5Library.Check(Libhdf5.H5Gcreate2(parent, text, Libhdf5.H5P_DEFAULT, properties, Libhdf5.H5P_DEFAULT)));
            }
        }
    }

    /// <summary>Writes an attribute that must not exist yet.</summary>
    /// <param name="values">Whole elements, little-endian; their number is the attribute's one dimension.</param>
    /// <exception cref="Hdf5Exception">It exists, or the disk fails.</exception>
    public void WriteAttribute(ObjectHandle owner, string name, Hdf5Type type, ReadOnlySpan<byte> values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(values.Length, type.LengthBytes(), nameof(values));
        using (Hdf5Library.Enter())
        {
            WriteAttribute(owner, name, TypeOf(type), AttributeSpaceOf(values.Length / type.LengthBytes()), values);
        }
    }

    /// <summary>Writes a string as EMAN2 does: fixed length, NUL-terminated, scalar.</summary>
    /// <exception cref="Hdf5Exception">The attribute exists, or the disk fails.</exception>
    public void WriteAttribute(ObjectHandle owner, string name, string value)
    {
        byte[] bytes = CString(value);
        using (Hdf5Library.Enter())
        {
            using var type = new TypeHandle(Hdf5Library.Check(Libhdf5.H5Tcopy(Hdf5Library.Identifier("H5T_C_S1_g"))));
            Hdf5Library.Check(Libhdf5.H5Tset_size(type, (nuint)bytes.Length));
            Hdf5Library.Check(Libhdf5.H5Tset_strpad(type, Libhdf5.H5T_STR_NULLTERM));
            if (!Ascii.IsValid(value))
            {
                Hdf5Library.Check(Libhdf5.H5Tset_cset(type, Libhdf5.H5T_CSET_UTF8));
            }

            WriteAttribute(owner, name, type, AttributeSpaceOf(0), bytes);
        }
    }

    /// <summary>Writes one record of equal members, such as EMAN2's transform of 12 float32.</summary>
    /// <param name="members">Names, in the order of the values.</param>
    /// <exception cref="Hdf5Exception">The attribute exists, or the disk fails.</exception>
    public void WriteAttribute(ObjectHandle owner, string name, IReadOnlyList<string> members, Hdf5Type type, ReadOnlySpan<byte> values)
    {
        using (Hdf5Library.Enter())
        {
            int lengthBytes = type.LengthBytes();
            using var record = new TypeHandle(Hdf5Library.Check(Libhdf5.H5Tcreate(Libhdf5.H5T_COMPOUND, (nuint)(members.Count * lengthBytes))));
            for (int member = 0; member < members.Count; member++)
            {
                // SAFETY: the pinned name ends with a NUL and is only read during the call.
                fixed (byte* text = CString(members[member]))
                {
                    Hdf5Library.Check(Libhdf5.H5Tinsert(record, text, (nuint)(member * lengthBytes), TypeOf(type)));
                }
            }

            WriteAttribute(owner, name, record, AttributeSpaceOf(1), values);
        }
    }

    /// <summary>Overwrites the value of an attribute that was written before with the same type and length.</summary>
    /// <exception cref="Hdf5Exception">There is no such attribute, or the disk fails.</exception>
    public void RewriteAttribute(ObjectHandle owner, string name, Hdf5Type type, ReadOnlySpan<byte> values)
    {
        using (Hdf5Library.Enter())
        {
            // SAFETY: name and values are pinned during the calls, which only read them.
            fixed (byte* text = CString(name))
            fixed (byte* buffer = values)
            {
                using var attribute = new AttributeHandle(Hdf5Library.Check(Libhdf5.H5Aopen(owner, text, Libhdf5.H5P_DEFAULT)));
                Hdf5Library.Check(Libhdf5.H5Awrite(attribute, TypeOf(type), buffer));
            }
        }
    }

    /// <summary>Creates a chunked dataset, to be filled with <see cref="WriteChunk"/>.</summary>
    /// <param name="dimensions">Slowest first.</param>
    /// <param name="chunk">Shape of a chunk, none of it larger than the dataset.</param>
    /// <exception cref="Hdf5Exception">It exists, a filter is missing from the library, or the disk fails.</exception>
    public DatasetHandle CreateDataset(
        ObjectHandle parent, string name, Hdf5Type type, ReadOnlySpan<long> dimensions, ReadOnlySpan<long> chunk, Hdf5Filters filters)
    {
        using (Hdf5Library.Enter())
        {
            using PropertyListHandle creation = CreateDatasetProperties();

            // SAFETY: dimensions are not negative, so long and ulong agree; the span is pinned during the call.
            fixed (long* shape = chunk)
            {
                Hdf5Library.Check(Libhdf5.H5Pset_chunk(creation, chunk.Length, (ulong*)shape));
            }

            if (filters.Shuffle)
            {
                Hdf5Library.Check(Libhdf5.H5Pset_shuffle(creation));
            }

            if (filters.DeflateLevel is int level)
            {
                Hdf5Library.Check(Libhdf5.H5Pset_deflate(creation, (uint)level));
            }

            return CreateDataset(parent, name, type, dimensions, creation);
        }
    }

    /// <summary>Creates a contiguous dataset and writes it whole.</summary>
    /// <param name="dimensions">Slowest first.</param>
    /// <param name="values">All elements, little-endian.</param>
    /// <exception cref="Hdf5Exception">It exists, or the disk fails.</exception>
    public void WriteDataset(ObjectHandle parent, string name, Hdf5Type type, ReadOnlySpan<long> dimensions, ReadOnlySpan<byte> values)
    {
        long count = 1;
        foreach (long dimension in dimensions)
        {
            count *= dimension;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, count * type.LengthBytes(), nameof(values));
        using (Hdf5Library.Enter())
        {
            using PropertyListHandle creation = CreateDatasetProperties();
            using DatasetHandle dataset = CreateDataset(parent, name, type, dimensions, creation);

            // SAFETY: values hold every element of the dataset (checked above) and are pinned during the call.
            fixed (byte* buffer = values)
            {
                Hdf5Library.Check(Libhdf5.H5Dwrite(dataset, TypeOf(type), 0, 0, Libhdf5.H5P_DEFAULT, buffer));
            }
        }
    }

    /// <summary>Writes one chunk as it shall be stored, already filtered.</summary>
    /// <param name="origin">First element of the chunk along each dimension.</param>
    /// <param name="skippedFilters">Bit i set: filter i was not applied.</param>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    public void WriteChunk(DatasetHandle dataset, ReadOnlySpan<long> origin, uint skippedFilters, ReadOnlySpan<byte> stored)
    {
        using (Hdf5Library.Enter())
        {
            // SAFETY: both spans are pinned during the call, which only reads them.
            fixed (long* offset = origin)
            fixed (byte* buffer = stored)
            {
                Hdf5Library.Check(Libhdf5.H5Dwrite_chunk(
                    dataset, Libhdf5.H5P_DEFAULT, skippedFilters, (ulong*)offset, (nuint)stored.Length, buffer));
            }
        }
    }

    /// <summary>Flushes and closes the file: nothing is lost silently after it has returned.</summary>
    /// <exception cref="Hdf5Exception">The disk fails.</exception>
    public void Close()
    {
        using (Hdf5Library.Enter())
        {
            Hdf5Library.Check(Libhdf5.H5Fflush(_file, Libhdf5.H5F_SCOPE_GLOBAL));
        }

        Dispose();
    }

    /// <summary>Closes the file without saying whether it was written.</summary>
    public void Dispose()
    {
        using (Hdf5Library.Enter())
        {
            foreach (Hdf5Handle handle in (IEnumerable<Hdf5Handle>)[.. _types.Values, .. _attributeSpaces.Values, .. _groupProperties.Values, _file])
            {
                handle.Dispose();
            }
        }
    }

    private static PropertyListHandle CreateProperties(string classSymbol) =>
        new(Hdf5Library.Check(Libhdf5.H5Pcreate(Hdf5Library.Identifier(classSymbol))));

    /// <summary>Nobody else knows a file that is being created, and parallel file systems without flock would refuse to create it.</summary>
    private static void DisableLocking(PropertyListHandle access)
    {
        // Since 1.10.7; older versions have only the environment variable HDF5_USE_FILE_LOCKING.
        if (NativeLibrary.TryGetExport(NativeLibraries.Load("hdf5"), "H5Pset_file_locking", out _))
        {
            Hdf5Library.Check(Libhdf5.H5Pset_file_locking(access, 0, 1));
        }
    }

    private static PropertyListHandle CreateDatasetProperties()
    {
        PropertyListHandle creation = CreateProperties("H5P_CLS_DATASET_CREATE_ID_g");
        Hdf5Library.Check(Libhdf5.H5Pset_obj_track_times(creation, 0));

        // Every sample is written: filling first would write everything twice.
        Hdf5Library.Check(Libhdf5.H5Pset_fill_time(creation, Libhdf5.H5D_FILL_TIME_NEVER));
        return creation;
    }

    private DatasetHandle CreateDataset(
        ObjectHandle parent, string name, Hdf5Type type, ReadOnlySpan<long> dimensions, PropertyListHandle creation)
    {
        using SpaceHandle space = CreateSpace(dimensions);

        // SAFETY: the pinned name ends with a NUL and is only read during the call.
        fixed (byte* text = CString(name))
        {
            return new DatasetHandle(Hdf5Library.Check(
                Libhdf5.H5Dcreate2(parent, text, TypeOf(type), space, Libhdf5.H5P_DEFAULT, creation, Libhdf5.H5P_DEFAULT)));
        }
    }

    private static SpaceHandle CreateSpace(ReadOnlySpan<long> dimensions)
    {
        // SAFETY: dimensions are not negative, so long and ulong agree; the span is pinned during the call.
        fixed (long* shape = dimensions)
        {
            return new SpaceHandle(Hdf5Library.Check(Libhdf5.H5Screate_simple(dimensions.Length, (ulong*)shape, null)));
        }
    }

    private static void WriteAttribute(ObjectHandle owner, string name, TypeHandle type, SpaceHandle space, ReadOnlySpan<byte> values)
    {
        // SAFETY: name and values are pinned during the calls, which only read them; values fill the type times the space.
        fixed (byte* text = CString(name))
        fixed (byte* buffer = values)
        {
            using var attribute = new AttributeHandle(Hdf5Library.Check(
                Libhdf5.H5Acreate2(owner, text, type, space, Libhdf5.H5P_DEFAULT, Libhdf5.H5P_DEFAULT)));
            Hdf5Library.Check(Libhdf5.H5Awrite(attribute, type, buffer));
        }
    }

    private TypeHandle TypeOf(Hdf5Type type)
    {
        if (!_types.TryGetValue(type, out TypeHandle? handle))
        {
            _types.Add(type, handle = Hdf5Types.Copy(type));
        }

        return handle;
    }

    /// <summary>A simple space of one dimension, or a scalar for 0.</summary>
    private SpaceHandle AttributeSpaceOf(int count)
    {
        if (!_attributeSpaces.TryGetValue(count, out SpaceHandle? space))
        {
            space = count == 0 ? new SpaceHandle(Hdf5Library.Check(Libhdf5.H5Screate(Libhdf5.H5S_SCALAR))) : CreateSpace([count]);
            _attributeSpaces.Add(count, space);
        }

        return space;
    }

    /// <summary>UTF-8 with its NUL; bytes of file names that are no UTF-8 stay what they are.</summary>
    private static byte[] CString(string text) => PathBytes.Encode(text);
}
