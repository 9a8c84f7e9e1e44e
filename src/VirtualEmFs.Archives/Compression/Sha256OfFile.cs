using System.Security.Cryptography;

namespace VirtualEmFs.Archives.Compression;

/// <summary>SHA-256 of a file that is open.</summary>
internal static class Sha256OfFile
{
    // 1 MiB: a read for every 2.5 ms of hashing, and the bytes stay in the second-level cache.
    private const int BufferLengthBytes = 1 << 20;

    /// <summary>The sum as hexadecimal digits.</summary>
    /// <exception cref="Frames.ArchiveException">The disk fails or the file became shorter.</exception>
    public static string Compute(SourceFile file, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Math.Min(BufferLengthBytes, file.LengthBytes)];
        for (long fileOffset = 0; fileOffset < file.LengthBytes; fileOffset += buffer.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, file.LengthBytes - fileOffset));
            file.ReadExactly(fileOffset, part);
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
