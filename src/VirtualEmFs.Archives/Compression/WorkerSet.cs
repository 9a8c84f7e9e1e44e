namespace VirtualEmFs.Archives.Compression;

/// <summary>Remembers the workers that threads create, to dispose them all at the end.</summary>
internal sealed class WorkerSet<TWorker>(Func<TWorker> create) : IDisposable
    where TWorker : IDisposable
{
    private readonly List<TWorker> _workers = []; // guarded by itself

    public TWorker Create()
    {
        TWorker worker = create();
        lock (_workers)
        {
            _workers.Add(worker);
        }

        return worker;
    }

    public void Dispose() => _workers.ForEach(worker => worker.Dispose());
}
