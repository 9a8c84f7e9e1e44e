using System.Runtime.InteropServices;
using System.Text;

namespace VirtualEmFs.Tests.Archives.Tiff;

/// <summary>Writes small classic little-endian TIFF files, right or wrong: tags are what the test says.</summary>
internal sealed class TiffBuilder
{
    private readonly List<byte> _bytes = [(byte)'I', (byte)'I', 42, 0, 0, 0, 0, 0];
    private readonly List<long> _nextOffsets = [4];
    private long _lastDirectory;

    /// <summary>Appends bytes.</summary>
    /// <returns>Where they begin.</returns>
    public long Append(ReadOnlySpan<byte> data)
    {
        long offset = _bytes.Count;
        _bytes.AddRange(data);
        return offset;
    }

    /// <summary>Appends an 8-bit page of one strip, with tags in place of the usual ones or beside them.</summary>
    public TiffBuilder Page(int nx, int ny, ReadOnlySpan<byte> data, params (int Tag, object Value)[] tags)
    {
        long offset = Append(data);
        var all = new SortedDictionary<int, object>
        {
            [256] = (uint)nx, [257] = (uint)ny, [258] = (ushort)8, [259] = (ushort)1, [262] = (ushort)1,
            [273] = (uint)offset, [277] = (ushort)1, [278] = (uint)ny, [279] = (uint)data.Length,
        };
        foreach (var (tag, value) in tags)
        {
            all[tag] = value;
        }

        return Directory(all);
    }

    /// <summary>Lets the last directory point at the first.</summary>
    public TiffBuilder Loop()
    {
        Patch(_nextOffsets[^1], (uint)_lastDirectory);
        return this;
    }

    public byte[] ToArray() => _bytes.ToArray();

    private TiffBuilder Directory(SortedDictionary<int, object> tags)
    {
        var values = tags.ToDictionary(each => each.Key, each => Encode(each.Value));
        var offsets = values.Where(each => each.Value.Bytes.Length > 4).ToDictionary(each => each.Key, each => Append(each.Value.Bytes));
        if (_bytes.Count % 2 != 0)
        {
            _bytes.Add(0);
        }

        _lastDirectory = _bytes.Count;
        Patch(_nextOffsets[^1], (uint)_lastDirectory);
        Write((ushort)tags.Count);
        foreach (var (tag, (type, count, bytes)) in values.OrderBy(each => each.Key))
        {
            Write((ushort)tag);
            Write((ushort)type);
            Write(count);
            byte[] field = offsets.TryGetValue(tag, out long offset) ? BitConverter.GetBytes((uint)offset) : bytes;
            _bytes.AddRange([.. field, .. new byte[4 - field.Length]]);
        }

        _nextOffsets.Add(_bytes.Count);
        Write(0u);
        return this;
    }

    private static (int Type, uint Count, byte[] Bytes) Encode(object value) => value switch
    {
        ushort number => (3, 1, BitConverter.GetBytes(number)),
        uint number => (4, 1, BitConverter.GetBytes(number)),
        uint[] numbers => (4, (uint)numbers.Length, [.. numbers.SelectMany(BitConverter.GetBytes)]),
        string text => (2, (uint)Encoding.UTF8.GetByteCount(text) + 1, [.. Encoding.UTF8.GetBytes(text), 0]),
        (uint numerator, uint denominator) => (5, 1, [.. BitConverter.GetBytes(numerator), .. BitConverter.GetBytes(denominator)]),
        _ => throw new ArgumentException($"no TIFF value: {value}", nameof(value)),
    };

    private void Write(ushort value) => _bytes.AddRange(BitConverter.GetBytes(value));

    private void Write(uint value) => _bytes.AddRange(BitConverter.GetBytes(value));

    private void Patch(long offset, uint value)
    {
        BitConverter.GetBytes(value).CopyTo(CollectionsMarshal.AsSpan(_bytes)[(int)offset..]);
    }
}
