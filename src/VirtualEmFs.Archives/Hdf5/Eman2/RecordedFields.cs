using System.Runtime.InteropServices;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>The datasets of the root group <c>/VirtualEmFs</c> that have an element for each frame.</summary>
internal static class RecordedFields
{
    // An archive of 300,000 images has 2.4 MB of the longest field.
    private const long LargestLengthBytes = 256 << 20;

    /// <summary>Reads one of them; null where it is missing, or not as this program writes it.</summary>
    /// <param name="group">The root group <c>/VirtualEmFs</c>.</param>
    public static T[]? Read<T>(Hdf5File file, Hdf5Object group, string name, SampleType type)
        where T : unmanaged
    {
        if (file.Find(group, name) is not { IsDataset: true } found)
        {
            return null;
        }

        var dataset = new Hdf5Dataset(found);
        long lengthBytes = dataset.Dataspace.ElementCount * type.LengthBytes();
        return dataset.Datatype.AsSampleType() == type && !dataset.NeedsByteSwap && lengthBytes <= LargestLengthBytes
            && dataset.Layout is ContiguousLayout { Address: >= 0 } layout
            ? MemoryMarshal.Cast<byte, T>(file.Reader.Read(layout.Address, lengthBytes, name)).ToArray()
            : null;
    }
}
