using System.Buffers;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>
/// Reads a file's structures by address through a few pages, so that the many small structures of a header cost few preads.
/// Every address and length is checked against the file first.
/// </summary>
/// <remarks>One thread. Returned memory is the caller's own; pages go back to the pool on dispose.</remarks>
internal sealed class MetadataReader(SourceFile file) : IDisposable
{
    // The first 64 KiB in one read: they hold all structures of most single-image archives (EMAN2 writes headers before data).
    private const int HeadLengthBytes = 64 * 1024;

    // 16 KiB: an EMAN2 image header with its continuation blocks is 17-20 KB; larger pages read more pixels than structure.
    private const int PageLengthBytes = 16 * 1024;

    // A structure longer than this is a lie: the longest, a local heap of 300,000 names, has 5 MiB.
    private const int MaximumStructureBytes = 64 << 20;

    private readonly Page[] _pages = new Page[8];
    private byte[]? _head;
    private int _headLengthBytes;
    private long _clock;

    /// <summary>File offset of address 0: behind a user block.</summary>
    public long BaseOffset { get; set; }

    /// <summary>What the operation may still spend.</summary>
    public ReadBudget Budget { get; } = new(file.LengthBytes);

    /// <summary>Length of the file from address 0 on.</summary>
    public long LengthBytes => file.LengthBytes - BaseOffset;

    /// <summary>One structure, exactly.</summary>
    public byte[] Read(long address, long lengthBytes, string structure)
    {
        if (address < 0 || lengthBytes < 0 || lengthBytes > LengthBytes - address)
        {
            throw new Hdf5FormatException($"the {structure} lies outside the file");
        }

        return ReadWithin(address, lengthBytes, structure, scattered: false);
    }

    /// <summary>A structure of which only the greatest length is known: shorter at the end of the file.</summary>
    /// <param name="scattered">Its neighbours are samples, not structures: read it alone, without its page.</param>
    public byte[] ReadUpTo(long address, long maximumLengthBytes, string structure, bool scattered = false)
    {
        if (address < 0 || address >= LengthBytes)
        {
            throw new Hdf5FormatException($"the {structure} lies outside the file");
        }

        return ReadWithin(address, Math.Min(maximumLengthBytes, LengthBytes - address), structure, scattered);
    }

    /// <summary>Fills a buffer that the caller uses again, as <see cref="ReadUpTo"/> for a scattered structure.</summary>
    /// <returns>The part of the buffer that was read.</returns>
    public ReadOnlySpan<byte> ReadInto(byte[] buffer, long address, string structure)
    {
        if (address < 0 || address >= LengthBytes)
        {
            throw new Hdf5FormatException($"the {structure} lies outside the file");
        }

        Span<byte> bytes = buffer.AsSpan(0, (int)Math.Min(buffer.Length, LengthBytes - address));
        Budget.Spend(bytes.Length);
        Fill(BaseOffset + address, bytes, scattered: true);
        return bytes;
    }

    public void Dispose()
    {
        foreach (ref Page page in _pages.AsSpan())
        {
            if (page.Bytes is not null)
            {
                ArrayPool<byte>.Shared.Return(page.Bytes);
                page = default;
            }
        }

        if (_head is not null)
        {
            ArrayPool<byte>.Shared.Return(_head);
            _head = null;
        }
    }

    private byte[] ReadWithin(long address, long lengthBytes, string structure, bool scattered)
    {
        if (lengthBytes > MaximumStructureBytes)
        {
            throw new Hdf5FormatException($"the {structure} claims {lengthBytes} bytes");
        }

        Budget.Spend(lengthBytes);
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)lengthBytes);
        Fill(BaseOffset + address, bytes, scattered);
        return bytes;
    }

    private void Fill(long fileOffset, Span<byte> destination, bool scattered)
    {
        if (fileOffset + destination.Length <= HeadLengthBytes)
        {
            Head().Slice((int)fileOffset, destination.Length).CopyTo(destination);
            return;
        }

        if (destination.Length > PageLengthBytes)
        {
            file.ReadExactly(fileOffset, destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            (long pageNumber, long offsetInPage) = Math.DivRem(fileOffset, PageLengthBytes);
            int lengthBytes = (int)Math.Min(destination.Length, PageLengthBytes - offsetInPage);
            int index = Find(pageNumber);
            if (index < 0 && scattered)
            {
                file.ReadExactly(fileOffset, destination);
                return;
            }

            ref Page page = ref index >= 0 ? ref _pages[index] : ref Load(pageNumber);
            page.LastUse = ++_clock;
            page.Bytes.AsSpan((int)offsetInPage, lengthBytes).CopyTo(destination);
            fileOffset += lengthBytes;
            destination = destination[lengthBytes..];
        }
    }

    private ReadOnlySpan<byte> Head()
    {
        if (_head is null)
        {
            _headLengthBytes = (int)Math.Min(HeadLengthBytes, file.LengthBytes);
            byte[] head = ArrayPool<byte>.Shared.Rent(HeadLengthBytes);
            _head = head;
            file.ReadExactly(0, head.AsSpan(0, _headLengthBytes));
        }

        return _head.AsSpan(0, _headLengthBytes);
    }

    private int Find(long pageNumber)
    {
        for (int i = 0; i < _pages.Length; i++)
        {
            if (_pages[i].Bytes is not null && _pages[i].Number == pageNumber)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Reads a page in place of the one used longest ago.</summary>
    private ref Page Load(long pageNumber)
    {
        int oldest = 0;
        for (int i = 1; i < _pages.Length; i++)
        {
            if (_pages[i].LastUse < _pages[oldest].LastUse)
            {
                oldest = i;
            }
        }

        ref Page page = ref _pages[oldest];
        page.Bytes ??= ArrayPool<byte>.Shared.Rent(PageLengthBytes);
        page.Number = -1; // what a failed read leaves is no page
        long fileOffset = pageNumber * PageLengthBytes;
        file.ReadExactly(fileOffset, page.Bytes.AsSpan(0, (int)Math.Min(PageLengthBytes, file.LengthBytes - fileOffset)));
        page.Number = pageNumber;
        return ref page;
    }

    private struct Page
    {
        public byte[]? Bytes;
        public long Number;
        public long LastUse;
    }
}
