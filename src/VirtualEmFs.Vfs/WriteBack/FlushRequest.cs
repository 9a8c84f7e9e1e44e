using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Somebody wants what is staged below a path to be archived.</summary>
/// <param name="isAwaited">Somebody waits for that.</param>
/// <param name="timestamp">When that was asked for, in ticks of the time provider.</param>
/// <remarks>Guarded by the queue's gate, but for <see cref="End"/>.</remarks>
internal sealed class FlushRequest(string path, bool isAwaited, long timestamp)
{
    // Not on the thread that found out: it has more to do.
    public TaskCompletionSource<FlushResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationTokenRegistration Registration { get; set; }

    /// <summary>The last file that was there when the flush was asked for: one who goes on creating files must not keep it from ending. Null before the first look.</summary>
    public long? LastId { get; set; }

    /// <summary>Files that it waits for, as the last look found them.</summary>
    public int WaitingCount { get; set; }

    public bool IsAwaited => isAwaited;

    /// <summary>When it was asked for.</summary>
    public long Timestamp => timestamp;

    public bool Concerns(StagedFile file) =>
        file.Id <= LastId && (path.Length == 0 || file.Entry.Path == path || StagedIndex.IsBelow(file.Entry.Path, path));

    /// <param name="result">Null when the write-back ends first.</param>
    public void End(FlushResult? result)
    {
        Registration.Dispose();
        _ = result is null ? Completion.TrySetCanceled() : Completion.TrySetResult(result);
    }
}
