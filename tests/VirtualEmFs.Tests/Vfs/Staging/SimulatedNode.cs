using VirtualEmFs.Frames;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>Attributes of a file or folder of a <see cref="SimulatedDisk"/>, but for its length.</summary>
internal readonly record struct SimulatedAttributes(uint Permissions, uint Uid, uint Gid, long AtimeNs, long MtimeNs, long CtimeNs);

/// <summary>A change of a file's bytes that was not flushed: a write, or, without bytes, a change of the length.</summary>
internal readonly record struct SimulatedWrite(long Offset, byte[]? Bytes)
{
    public void ApplyTo(ref byte[] content)
    {
        if (Bytes is null)
        {
            Array.Resize(ref content, checked((int)Offset));
            return;
        }

        if (Offset + Bytes.Length > content.Length)
        {
            Array.Resize(ref content, checked((int)Offset + Bytes.Length));
        }

        Bytes.CopyTo(content, Offset);
    }
}

/// <summary>Files of one device share its room.</summary>
internal sealed class SimulatedVolume(string path, ulong device)
{
    public string Path => path;

    public ulong Device => device;

    /// <summary>Set to what it may hold; files then fill it by pages.</summary>
    public long CapacityBytes { get; set; } = 1L << 40;

    public long UsedBytes { get; set; }
}

/// <summary>A file, folder, link or device: what programs see of it now, and what a power cut leaves.</summary>
internal sealed class SimulatedNode(SimulatedVolume volume, ulong inode, NodeKind kind)
{
    private const int PageLengthBytes = 4096;

    private byte[] _content = [];
    private byte[] _flushedContent = [];
    private bool[] _pages = [];
    private int _pageCount;

    public SimulatedVolume Volume => volume;

    public ulong Inode => inode;

    public NodeKind Kind => kind;

    public string Target { get; init; } = "";

    public ulong DeviceNumber { get; init; }

    public SimulatedAttributes Attributes { get; set; }

    public SimulatedAttributes FlushedAttributes { get; set; }

    public SortedDictionary<string, byte[]> ExtendedAttributes { get; set; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, byte[]> FlushedExtendedAttributes { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Of a folder.</summary>
    public SortedDictionary<string, SimulatedNode> Names { get; set; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, SimulatedNode> FlushedNames { get; set; } = new(StringComparer.Ordinal);

    public byte[] Content => _content;

    public byte[] FlushedContent => _flushedContent;

    public List<SimulatedWrite> Unflushed { get; } = [];

    public int LinkCount { get; set; }

    public int OpenCount { get; set; }

    public bool IsFolder => kind == NodeKind.Directory;

    public SourceStat Stat => new(
        new SourceVersion(volume.Device, inode, IsFolder ? 4096 : kind == NodeKind.SymbolicLink ? Target.Length : _content.Length, Attributes.MtimeNs, Attributes.CtimeNs),
        kind, Attributes.Permissions, IsFolder ? 2u : (uint)LinkCount, Attributes.Uid, Attributes.Gid, DeviceNumber, _pageCount * (PageLengthBytes / 512), Attributes.AtimeNs);

    public int Read(long offset, Span<byte> destination)
    {
        int lengthBytes = (int)Math.Clamp(_content.Length - offset, 0, destination.Length);
        _content.AsSpan((int)Math.Min(offset, _content.Length), lengthBytes).CopyTo(destination);
        return lengthBytes;
    }

    /// <summary>Writes as many bytes as there is room for.</summary>
    public int Write(long offset, ReadOnlySpan<byte> bytes)
    {
        int lengthBytes = (int)(Reserve(offset, bytes.Length) - offset);
        Change(new SimulatedWrite(offset, bytes[..lengthBytes].ToArray()));
        return lengthBytes;
    }

    public void SetLength(long lengthBytes)
    {
        Change(new SimulatedWrite(lengthBytes, null));
        Free((lengthBytes + PageLengthBytes - 1) / PageLengthBytes, _pages.Length);
    }

    public void Zero(long offset, long lengthBytes)
    {
        long end = Math.Min(offset + lengthBytes, _content.Length);
        if (end > offset)
        {
            Change(new SimulatedWrite(offset, new byte[end - offset]));
        }
    }

    /// <summary>Takes room for a range.</summary>
    /// <returns>The end of the part for which there was room.</returns>
    public long Reserve(long offset, long lengthBytes)
    {
        for (long page = offset / PageLengthBytes; page * PageLengthBytes < offset + lengthBytes; page++)
        {
            if (page >= _pages.Length)
            {
                Array.Resize(ref _pages, (int)page + 8);
            }

            if (!_pages[page])
            {
                if (volume.UsedBytes + PageLengthBytes > volume.CapacityBytes)
                {
                    return Math.Max(offset, page * PageLengthBytes);
                }

                _pages[page] = true;
                _pageCount++;
                volume.UsedBytes += PageLengthBytes;
            }
        }

        return offset + lengthBytes;
    }

    /// <summary>Gives all room back once nothing names the file or has it open.</summary>
    public void FreeIfGone()
    {
        if (LinkCount == 0 && OpenCount == 0)
        {
            Free(0, _pages.Length);
        }
    }

    public void Flush(bool dataOnly)
    {
        _flushedContent = Surviving(Unflushed);
        Unflushed.Clear();
        if (!dataOnly)
        {
            FlushAttributes();
        }
    }

    /// <summary>The flushed bytes with some changes.</summary>
    public byte[] Surviving(IEnumerable<SimulatedWrite> writes)
    {
        byte[] content = [.. _flushedContent];
        foreach (var write in writes)
        {
            write.ApplyTo(ref content);
        }

        return content;
    }

    public void FlushAttributes()
    {
        FlushedAttributes = Attributes;
        FlushedExtendedAttributes = new(ExtendedAttributes, StringComparer.Ordinal);
    }

    /// <summary>A copy without names; what a power cut leaves of its bytes is <paramref name="survivingContent"/>, or null when the power stays.</summary>
    public SimulatedNode Copy(SimulatedVolume newVolume, byte[]? survivingContent, bool keepsAttributes)
    {
        var copy = new SimulatedNode(newVolume, inode, kind) { Target = Target, DeviceNumber = DeviceNumber };
        copy._flushedContent = survivingContent ?? _flushedContent;
        copy._content = survivingContent ?? _content;
        copy.Attributes = keepsAttributes ? Attributes : FlushedAttributes;
        copy.ExtendedAttributes = new(keepsAttributes ? ExtendedAttributes : FlushedExtendedAttributes, StringComparer.Ordinal);
        copy.FlushAttributes();
        if (survivingContent is null)
        {
            copy.Unflushed.AddRange(Unflushed);
            copy.FlushedAttributes = FlushedAttributes;
            copy.FlushedExtendedAttributes = new(FlushedExtendedAttributes, StringComparer.Ordinal);
            for (int page = 0; page < _pages.Length; page++)
            {
                copy.Reserve((long)page * PageLengthBytes, _pages[page] ? 1 : 0);
            }
        }

        copy.Reserve(0, copy._content.Length);
        return copy;
    }

    // Arrays of content are shared between a disk and its copies: a change makes a new one.
    private void Change(SimulatedWrite write)
    {
        _content = [.. _content];
        write.ApplyTo(ref _content);
        Unflushed.Add(write);
    }

    private void Free(long firstPage, long endPage)
    {
        for (long page = firstPage; page < endPage; page++)
        {
            if (_pages[page])
            {
                _pages[page] = false;
                _pageCount--;
                volume.UsedBytes -= PageLengthBytes;
            }
        }
    }
}
