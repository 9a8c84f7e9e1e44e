namespace VirtualEmFs.Vfs.Tree;

/// <summary>The reasons why files could not be read, one for each file.</summary>
/// <remarks>Any thread. Bounded: the oldest go first.</remarks>
internal sealed class FileErrors
{
    private const int Limit = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<FileError>> _byPath = new(StringComparer.Ordinal); // guarded by _gate
    private readonly LinkedList<FileError> _errors = new();                                             // guarded by _gate

    /// <summary>Counts an error; true when it is news for this file.</summary>
    public bool Note(string path, string reason)
    {
        lock (_gate)
        {
            bool isNews = true;
            long count = 1;
            if (_byPath.Remove(path, out var known))
            {
                _errors.Remove(known);
                isNews = known.Value.Reason != reason;
                count = isNews ? 1 : known.Value.Count + 1;
            }

            _byPath.Add(path, _errors.AddLast(new FileError(path, reason, count)));
            if (_errors.Count > Limit)
            {
                _byPath.Remove(_errors.First!.Value.Path);
                _errors.RemoveFirst();
            }

            return isNews;
        }
    }

    public FileError[] ToArray()
    {
        lock (_gate)
        {
            return [.. _errors];
        }
    }
}
