using VirtualEmFs.Vfs;

namespace VirtualEmFs.Tests.Vfs;

/// <summary>Waits for one answer, and fails when there is a second.</summary>
internal sealed class Reply<T> : IReply<T>
{
    private readonly TaskCompletionSource<(VfsStatus Status, T Value)> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs inside the answer, as the host's own packing does.</summary>
    public Action<T>? Packing { get; init; }

    public bool IsAnswered => _answer.Task.IsCompleted;

    public VfsStatus Status => Answer.Status;

    public T Value => Answer.Status == VfsStatus.Ok ? Answer.Value : throw new InvalidOperationException($"answered {Answer.Status}");

    private (VfsStatus Status, T Value) Answer =>
        _answer.Task.Wait(TimeSpan.FromSeconds(30)) ? _answer.Task.Result : throw new TimeoutException("no answer");

    public void Ok(T value)
    {
        Packing?.Invoke(value);
        _answer.SetResult((VfsStatus.Ok, value));
    }

    public void Fail(VfsStatus status) => _answer.SetResult((status, default!));
}

/// <summary>Waits for the answer of one read.</summary>
internal sealed class ReadReply : IReadReply
{
    private readonly TaskCompletionSource<(VfsStatus Status, byte[] Bytes)> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool FillsPages { get; init; }

    public bool IsAnswered => _answer.Task.IsCompleted;

    public VfsStatus Status => Answer.Status;

    public byte[] Bytes => Answer.Status == VfsStatus.Ok ? Answer.Bytes : throw new InvalidOperationException($"answered {Answer.Status}");

    private (VfsStatus Status, byte[] Bytes) Answer =>
        _answer.Task.Wait(TimeSpan.FromSeconds(30)) ? _answer.Task.Result : throw new TimeoutException("no answer");

    public void Data(ReadOnlySpan<byte> bytes) => _answer.SetResult((VfsStatus.Ok, bytes.ToArray()));

    public void Fail(VfsStatus status) => _answer.SetResult((status, []));
}

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _ticks = DateTimeOffset.UnixEpoch.AddDays(1).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
