namespace VirtualEmFs.Vfs.Tree;

/// <summary>Counts what the mount itself changes in folders: what was listed before a change must not be told after it.</summary>
/// <remarks>Any thread. Folders share counters: one that did not change is then looked at once more than it need be.</remarks>
internal sealed class FolderChanges
{
    private readonly long[] _counts = new long[4096]; // a power of two
    private long _countOfAll;

    /// <summary>A number that grows with each change in a folder.</summary>
    public long Of(string folderPath) => Interlocked.Read(ref _countOfAll) + Interlocked.Read(ref _counts[IndexOf(folderPath)]);

    /// <summary>Counts a change; after it was made.</summary>
    public void Note(string folderPath) => Interlocked.Increment(ref _counts[IndexOf(folderPath)]);

    /// <summary>Counts a change in every folder, as when one gets another name.</summary>
    public void NoteAll() => Interlocked.Increment(ref _countOfAll);

    private int IndexOf(string folderPath) => folderPath.GetHashCode(StringComparison.Ordinal) & (_counts.Length - 1);
}
