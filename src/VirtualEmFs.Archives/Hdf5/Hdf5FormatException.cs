namespace VirtualEmFs.Archives.Hdf5;

/// <summary>
/// A structure of an HDF5 file that is wrong, or that this reader does not support: one clause for the user. The structures know no path; the
/// format's entry points turn it into an <see cref="Frames.ArchiveException"/>.
/// </summary>
internal sealed class Hdf5FormatException(string reason) : IOException(reason);
