using System.Collections.Concurrent;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Reading;

/// <summary>One version of an archive, shared by all who have it open.</summary>
/// <remarks>Any thread. The reference count is guarded by the <see cref="OpenArchives"/> that made it.</remarks>
internal sealed class OpenArchive(long id, OpenArchiveKey key, IArchive archive) : IDisposable
{
    private readonly ConcurrentDictionary<int, string> _damagedFrames = new();
    private ArchiveDamage? _firstDamage;

    /// <summary>Number of this version in this process; the same when it is opened again.</summary>
    public long Id => id;

    public OpenArchiveKey Key => key;

    public IArchive Archive => archive;

    /// <summary>The folder whose disk decodes wait for.</summary>
    public string FolderPath { get; } = Path.GetDirectoryName(archive.Description.Files[0]) ?? "/";

    /// <summary>Opens that have not been closed. Guarded by the owner's gate.</summary>
    public int References { get; set; } = 1;

    /// <summary>The first fault met while decoding.</summary>
    public ArchiveDamage? FirstDamage => _firstDamage;

    /// <summary>A frame in a range that is known to be damaged, the first one; null when there is none.</summary>
    public int? FirstDamagedFrame(int firstFrame, int lastFrame)
    {
        if (_damagedFrames.IsEmpty)
        {
            return null;
        }

        int found = int.MaxValue;
        foreach ((int frame, _) in _damagedFrames)
        {
            if (frame >= firstFrame && frame <= lastFrame && frame < found)
            {
                found = frame;
            }
        }

        return found == int.MaxValue ? null : found;
    }

    /// <summary>Remembers that frames cannot be read.</summary>
    public void AddDamage(int firstFrame, int frameCount, string reason)
    {
        for (int frame = firstFrame; frame < firstFrame + frameCount; frame++)
        {
            _damagedFrames.TryAdd(frame, reason);
        }

        Interlocked.CompareExchange(ref _firstDamage, new ArchiveDamage(firstFrame, reason), null);
    }

    public void Dispose() => archive.Dispose();
}

/// <summary>Identity of what an archive shows: the version of its first file, and the member of a folder.</summary>
internal readonly record struct OpenArchiveKey(SourceVersion Version, int? Member);
