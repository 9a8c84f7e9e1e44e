namespace VirtualEmFs.Native.Hdf5;

/// <summary>Node sizes of a new file's trees; they decide how much a small group or dataset costs (H5Pset_sym_k, H5Pset_istore_k).</summary>
/// <param name="GroupTreeK">Half the children of a node in a group's tree.</param>
/// <param name="GroupLeafK">Half the names in a leaf of a group's tree.</param>
/// <param name="ChunkTreeK">Half the children of a node in a dataset's chunk tree.</param>
public readonly record struct Hdf5FileLayout(int GroupTreeK, int GroupLeafK, int ChunkTreeK)
{
    /// <summary>The library's own: 16, 4, 32.</summary>
    public static Hdf5FileLayout Default { get; } = new(16, 4, 32);
}

/// <summary>Filters of a chunked dataset, in the order in which they are applied.</summary>
/// <param name="Shuffle">Bytes of equal significance are stored together.</param>
/// <param name="DeflateLevel">0 to 9; null for none.</param>
public readonly record struct Hdf5Filters(bool Shuffle, int? DeflateLevel);
