using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>Somebody wants what is staged below a path to be archived.</summary>
/// <param name="isAwaited">Somebody waits for that.</param>
/// <remarks>Guarded by the queue's gate, but for <see cref="End"/>.</remarks>
internal sealed class FlushRequest(string path, bool isAwaited)
{
    // Not on the thread that found out: it has more to do.
    public TaskCompletionSource<FlushResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public CancellationTokenRegistration Registration { get; set; }

    /// <summary>The last file that was there when the flush was asked for: one who goes on creating files must not keep it from ending. Null before the first look.</summary>
    public long? LastId { get; set; }

    /// <summary>When the first look saw it, in ticks of the time provider: the kernel tells of a program's close some time later.</summary>
    public long BeganTimestamp { get; set; }

    /// <summary>Files that it waits for, as the last look found them.</summary>
    public int WaitingCount { get; set; }

    public bool IsAwaited => isAwaited;

    public bool Concerns(StagedFile file) =>
        file.Id <= LastId && (path.Length == 0 || file.Entry.Path == path || StagedIndex.IsBelow(file.Entry.Path, path));

    /// <param name="result">Null when the write-back ends first.</param>
    public void End(FlushResult? result)
    {
        Registration.Dispose();
        _ = result is null ? Completion.TrySetCanceled() : Completion.TrySetResult(result);
    }
}
