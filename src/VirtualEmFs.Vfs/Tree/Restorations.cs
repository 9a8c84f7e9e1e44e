using System.Collections.Concurrent;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>An archive whose samples come back into staging, since a program writes to it.</summary>
/// <param name="Path">Path in the source under which programs see it.</param>
/// <param name="DoneBytes">Of <paramref name="LengthBytes"/>.</param>
public sealed record RestoringFile(string Path, long LengthBytes, long DoneBytes);

/// <summary>The archives whose samples come back at this moment.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class Restorations
{
    private readonly ConcurrentDictionary<Restoration, bool> _running = new();

    /// <summary>Counts one until it is disposed.</summary>
    public Restoration Begin(string path, long lengthBytes)
    {
        var restoration = new Restoration(this, path, lengthBytes);
        _running.TryAdd(restoration, true);
        return restoration;
    }

    public RestoringFile[] ToArray() => [.. _running.Keys.Select(restoration => restoration.Report)];

    internal sealed class Restoration(Restorations all, string path, long lengthBytes) : IDisposable
    {
        private long _doneBytes;

        public RestoringFile Report => new(path, lengthBytes, Interlocked.Read(ref _doneBytes));

        public void Add(long writtenBytes) => Interlocked.Add(ref _doneBytes, writtenBytes);

        public void Dispose() => all._running.TryRemove(this, out _);
    }
}
