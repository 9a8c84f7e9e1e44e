using System.Globalization;

namespace VirtualEmFs.Archives.Hdf5.Eman2;

/// <summary>
/// Which image numbers of an archive exist, and where their object headers are: 8 to 12 bytes an image, since a stack may have 300,000.
/// </summary>
/// <remarks>Immutable; any thread.</remarks>
internal sealed class ImageDirectory
{
    // A count is only a claim: room is made at once for this many.
    private const int MaximumCapacity = 1 << 20;

    private readonly int[]? _numbers; // ascending; null when every number from 0 on exists
    private readonly long[] _addresses;

    private ImageDirectory(int count, int[]? numbers, long[] addresses) => (Count, _numbers, _addresses) = (count, numbers, addresses);

    /// <summary>Images that the archive claims: numbers 0 to Count − 1.</summary>
    public int Count { get; }

    /// <summary>Images that exist.</summary>
    public int PresentCount => _addresses.Length;

    /// <summary>Number of the i-th image that exists.</summary>
    public int NumberAt(int index) => _numbers is null ? index : _numbers[index];

    /// <summary>Lists the members of a group whose names are image numbers below a count. Names are decimal, unpadded and sorted as text, so order says nothing.</summary>
    public static ImageDirectory Read(Hdf5Object group, int count)
    {
        var found = new List<(int Number, long Address)>(Math.Min(count, MaximumCapacity));
        group.ForEachLink((name, in target) =>
        {
            if (TryParse(name, out int number) && number < count)
            {
                // A link out of the file, or to nothing, is a missing image.
                long address = target.Kind == LinkKind.Hard ? target.Address : group.File.Follow(group, target)?.Header.Address ?? FieldReader.Undefined;
                if (address != FieldReader.Undefined)
                {
                    found.Add((number, address));
                }
            }

            return true;
        });
        found.Sort();
        for (int i = 1; i < found.Count; i++)
        {
            if (found[i].Number == found[i - 1].Number)
            {
                throw new Hdf5FormatException($"image {found[i].Number} exists twice");
            }
        }

        var addresses = new long[found.Count];
        int[]? numbers = found.Count == count ? null : new int[found.Count];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = found[i].Address;
            if (numbers is not null)
            {
                numbers[i] = found[i].Number;
            }
        }

        return new ImageDirectory(count, numbers, addresses);
    }

    /// <summary>Finds an image's object header.</summary>
    public bool TryGetAddress(int number, out long address)
    {
        int index = _numbers is null ? number : Array.BinarySearch(_numbers, number);
        bool exists = index >= 0 && index < _addresses.Length;
        address = exists ? _addresses[index] : FieldReader.Undefined;
        return exists;
    }

    /// <summary>The first numbers that do not exist.</summary>
    public IEnumerable<int> Missing(int atMost)
    {
        for (int number = 0, index = 0; number < Count && atMost > 0; number++)
        {
            if (index < PresentCount && NumberAt(index) == number)
            {
                index++;
            }
            else
            {
                atMost--;
                yield return number;
            }
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> name, out int number)
    {
        number = 0;
        return name.Length is > 0 and <= 10 && !(name.Length > 1 && name[0] == '0') && !name.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
