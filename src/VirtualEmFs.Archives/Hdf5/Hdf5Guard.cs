using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>The edge between the reader and everyone else: what is wrong with a file leaves as an <see cref="ArchiveException"/>.</summary>
internal static class Hdf5Guard
{
    /// <param name="frameIndex">The frame concerned; null for the archive as a whole.</param>
    public static T Run<T>(string path, int? frameIndex, Func<T> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw new ArchiveException(path, ReasonOf(e), frameIndex, e);
        }
    }

    /// <summary>True for what a file's contents can cause: arithmetic is checked, so that lies overflow loudly.</summary>
    public static bool IsDamage(Exception e) => e is Hdf5FormatException or OverflowException;

    /// <summary>One clause for the user.</summary>
    public static string ReasonOf(Exception e) => e is OverflowException ? "its HDF5 structures hold impossible numbers" : e.Message;
}
