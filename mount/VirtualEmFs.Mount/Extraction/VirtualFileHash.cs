using System.Security.Cryptography;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>SHA-256 of the bytes of a virtual file, as <c>sha256sum</c> would compute it through a mount.</summary>
internal sealed class VirtualFileHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    // Blocks of slabs that are several frames deep hold rows of all of them: they wait until it is their turn, a slab at most.
    private readonly Dictionary<long, byte[]> _waiting = [];
    private long _end;

    /// <summary>The hash as hexadecimal digits. On the calling thread: hashing is serial, and slower than decoding.</summary>
    /// <exception cref="ArchiveException">A block is damaged.</exception>
    public static string Compute(IArchive archive, VirtualMrc mrc, WorkerBuffer buffer, DecodeSlots slots, CancellationToken cancellation)
    {
        using var hash = new VirtualFileHash();
        hash.Add(mrc.Header.Span, 0);
        for (long block = 0; block < archive.Description.Grid.BlockCount; block++)
        {
            cancellation.ThrowIfCancellationRequested();
            BlockRendering.Render(archive, mrc, block, buffer, slots, hash.Add);
        }

        return Convert.ToHexStringLower(hash._hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    private void Add(ReadOnlySpan<byte> bytes, long fileOffset)
    {
        if (fileOffset != _end)
        {
            _waiting.Add(fileOffset, bytes.ToArray());
            return;
        }

        _hash.AppendData(bytes);
        _end += bytes.Length;
        while (_waiting.Remove(_end, out byte[]? next))
        {
            _hash.AppendData(next);
            _end += next.Length;
        }
    }
}
