namespace VirtualEmFs.Vfs.Tree;

/// <summary>What went wrong with one file.</summary>
/// <param name="Path">Absolute path in the source.</param>
/// <param name="Reason">One sentence; names the frame where one is known.</param>
/// <param name="Count">How often it was met.</param>
public sealed record FileError(string Path, string Reason, long Count);

/// <summary>What a tree has done so far, for <c>emfs status</c>.</summary>
/// <param name="NodeCount">Files and folders that the kernel knows now.</param>
/// <param name="OpenHandleCount">Files and folders open now.</param>
/// <param name="WaitingCount">Operations that wait for an I/O thread now.</param>
/// <param name="FailureCount">Operations that ended in an error nobody expects (EIO).</param>
/// <param name="Restoring">Archives whose samples come back at this moment.</param>
/// <param name="Errors">By file, newest last, the last 1,000.</param>
public sealed record TreeStatistics(
    int NodeCount, int OpenHandleCount, int WaitingCount, long LookupCount, long ListingCount, long OpenCount, long ReadCount, long ProbeCount,
    long FailureCount, IReadOnlyList<RestoringFile> Restoring, IReadOnlyList<FileError> Errors);
