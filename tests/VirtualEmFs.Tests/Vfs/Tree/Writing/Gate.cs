namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>A place where one thread stops until a test has done something meanwhile.</summary>
internal sealed class Gate : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private readonly ManualResetEventSlim _reached = new(), _opened = new();

    /// <summary>Stops the thread that works.</summary>
    public void Pass()
    {
        _reached.Set();
        Wait(_opened);
    }

    /// <summary>Waits until a thread stands at the gate.</summary>
    public void WaitForArrival() => Wait(_reached);

    /// <summary>Lets it, and every later one, go on.</summary>
    public void Open() => _opened.Set();

    public void Dispose() => Open();

    private static void Wait(ManualResetEventSlim signal)
    {
        if (!signal.Wait(s_deadline))
        {
            throw new TimeoutException("nobody came to the gate, or opened it");
        }
    }
}
