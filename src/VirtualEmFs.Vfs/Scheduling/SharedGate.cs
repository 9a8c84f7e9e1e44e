namespace VirtualEmFs.Vfs.Scheduling;

/// <summary>A gate that many pass together, or one alone. Waiting holds no thread.</summary>
/// <remarks>Any thread. Whoever wants to be alone goes before those who come later.</remarks>
internal sealed class SharedGate
{
    private readonly Lock _gate = new();
    private readonly Queue<(bool IsAlone, TaskCompletionSource Turn)> _waiting = new(); // guarded by _gate
    private int _passing;                                                               // guarded by _gate; -1 for one alone

    /// <summary>Passes together with others. Leave with <see cref="Leave"/>.</summary>
    public Task Enter() => Enter(isAlone: false);

    /// <summary>Passes alone. Leave with <see cref="Leave"/>.</summary>
    public Task EnterAlone() => Enter(isAlone: true);

    public void Leave()
    {
        lock (_gate)
        {
            _passing = _passing < 0 ? 0 : _passing - 1;
            while (_waiting.TryPeek(out var next) && (next.IsAlone ? _passing == 0 : _passing >= 0))
            {
                _waiting.Dequeue();
                _passing = next.IsAlone ? -1 : _passing + 1;
                next.Turn.SetResult();
            }
        }
    }

    private Task Enter(bool isAlone)
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 && (isAlone ? _passing == 0 : _passing >= 0))
            {
                _passing = isAlone ? -1 : _passing + 1;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((isAlone, turn));
            return turn.Task;
        }
    }
}
