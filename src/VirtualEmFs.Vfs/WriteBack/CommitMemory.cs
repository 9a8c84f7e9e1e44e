namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Which files were archived lately and how long they had waited: those that are written again at once wait longer.</summary>
/// <remarks>Any thread. Bounded: the oldest commits are forgotten first.</remarks>
internal sealed class CommitMemory(WriteBackOptions options, TimeProvider time)
{
    private const int Limit = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Commit>> _byPath = new(StringComparer.Ordinal); // guarded by _gate
    private readonly LinkedList<Commit> _commits = new();                                              // guarded by _gate; oldest first

    /// <summary>Notes that a file was committed after it had waited for a delay.</summary>
    public void Note(string path, TimeSpan delay)
    {
        lock (_gate)
        {
            if (_byPath.Remove(path, out var known))
            {
                _commits.Remove(known);
            }

            _byPath.Add(path, _commits.AddLast(new Commit(path, time.GetTimestamp(), delay)));
            while (_commits.Count > Limit || !IsRecent(_commits.First!.Value))
            {
                _byPath.Remove(_commits.First!.Value.Path);
                _commits.RemoveFirst();
                if (_commits.Count == 0)
                {
                    return;
                }
            }
        }
    }

    /// <summary>How long a file waits that was staged now.</summary>
    /// <param name="delay">What its rule says.</param>
    public TimeSpan DelayOf(string path, TimeSpan delay)
    {
        lock (_gate)
        {
            if (!_byPath.TryGetValue(path, out var known) || !IsRecent(known.Value))
            {
                return delay;
            }

            var doubled = 2 * TimeSpan.FromTicks(Math.Min(known.Value.Delay.Ticks, options.LongestDelay.Ticks / 2));
            return doubled > delay ? doubled : delay;
        }
    }

    private bool IsRecent(Commit commit) => time.GetElapsedTime(commit.Timestamp) < options.ReopenWindow;

    private sealed record Commit(string Path, long Timestamp, TimeSpan Delay);
}
