using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>A list of operations with what they promise; it runs on any machine, until the process is stopped.</summary>
internal sealed class StagingScenario
{
    private readonly List<Step> _steps = [];
    private readonly HashSet<string> _plainNames = new(StringComparer.Ordinal); // changed in the source alone since its last flush; while it runs
    private byte _lastByte;

    /// <summary>Names of the operations.</summary>
    public IEnumerable<string> Steps => _steps.Select(step => step.Text);

    public StagingScenario Create(string name) => Add($"create {name}", model => model.Create(name), machine => machine.Create(name), _ => NotePlain(name));

    public StagingScenario Write(string name, long offset, int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        Array.Fill(bytes, ++_lastByte);
        return Write(name, offset, bytes);
    }

    public StagingScenario Write(string name, long offset, byte[] bytes) => Add(
        $"write {name}",
        model =>
        {
            byte[] content = [.. model[name].Now];
            new SimulatedWrite(offset, bytes).ApplyTo(ref content);
            model.Change(name, content);
        },
        machine => machine.Write(name, offset, bytes));

    public StagingScenario SetLength(string name, int lengthBytes) => Add(
        $"truncate {name}",
        model =>
        {
            byte[] content = model[name].Now;
            Array.Resize(ref content, lengthBytes);
            model.Change(name, content);
        },
        machine => machine.SetLength(name, lengthBytes));

    public StagingScenario Empty(string name) => Add($"empty {name}", model => model.Change(name, []), machine => machine.Empty(name));

    /// <summary>fsync of a file; of a plain one, its name needs a flush of the folder as well.</summary>
    /// <remarks>Once it has failed, Linux may have forgotten the bytes, and answers Ok to the next: a program has to write again.</remarks>
    public StagingScenario Sync(string name) => Add(
        $"sync {name}", _ => { }, machine => machine.Sync(name),
        model =>
        {
            model.Flush(name);
            if (MrcNames.IsMrcName(name))
            {
                model.FlushNames(other => !_plainNames.Contains(other));
            }
        },
        (machine, model) =>
        {
            var status = machine.Write(name, 0, model[name].Now);
            return status == VfsStatus.Ok ? machine.Sync(name) : status;
        });

    public StagingScenario SyncFolder(string folder) => Add($"sync folder '{folder}'", _ => { }, machine => machine.SyncFolder(folder), model =>
    {
        _plainNames.RemoveWhere(name => FolderOf(name) == folder);
        model.FlushNames(name => !_plainNames.Contains(name));
    });

    /// <remarks>What replaces a file is as durable as that was: its bytes are flushed before.</remarks>
    public StagingScenario Rename(string name, string newName, bool isPlain = false)
    {
        bool replaces = false;
        return Add(
            $"rename {name} to {newName}",
            model =>
            {
                replaces = model.Find(newName) is not null;
                model.Move(name, newName);
            },
            machine => machine.Rename(name, newName),
            model =>
            {
                if (replaces)
                {
                    model.Flush(newName);
                }

                if (isPlain)
                {
                    _plainNames.UnionWith([name, newName]);
                }
            });
    }

    public StagingScenario Remove(string name, bool isPlain = false) => Add(
        $"remove {name}", model => model.Remove(name), machine => machine.Remove(name), _ =>
        {
            if (isPlain)
            {
                _plainNames.Add(name);
            }
        });

    public StagingScenario MakeFolder(string path) => Add($"make folder {path}", _ => { }, machine => machine.MakeFolder(path));

    public StagingScenario MoveFolder(string path, string newPath) => Add(
        $"move folder {path} to {newPath}",
        model =>
        {
            foreach (string name in model.Names.Where(name => name.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            {
                model.Move(name, newPath + name[path.Length..]);
            }
        },
        machine => machine.MoveFolder(path, newPath));

    /// <summary>Archives a file: from then on its bytes are durable under its name.</summary>
    public StagingScenario Archive(string name) => Add(
        $"archive {name}", _ => { },
        machine => machine.Archive(name) switch
        {
            { End: JobEnd.Done } => VfsStatus.Ok,
            { End: JobEnd.Parked } parked => throw new InvalidOperationException($"{name} was parked: {parked.Reason}"),
            _ => VfsStatus.Corrupt,
        },
        model =>
        {
            model.Flush(name);
            model.FlushNames(other => !_plainNames.Contains(other));
        });

    /// <summary>Runs until the process is stopped or everything is done.</summary>
    /// <param name="machine">Null when the process is stopped before it is there.</param>
    /// <returns>The operation that was under way; null at the end.</returns>
    public string? Run(SimulatedDisk disk, NameModel model, out StagingMachine? machine)
    {
        machine = null;
        string text = "open";
        try
        {
            machine = new StagingMachine(disk);
            Run(machine, disk, model, step => text = step, (step, status) => Assert.Fail($"{step}: {status}"));
            return disk.Faults.IsStopped ? text : null;
        }
        catch (ProcessStoppedException)
        {
            return text;
        }
    }

    /// <summary>Runs all operations, each until it succeeds, or the process is stopped.</summary>
    /// <param name="begin">Told each operation before it begins.</param>
    /// <param name="refused">Told what an operation answered when it did not succeed; then it is tried again.</param>
    public void Run(StagingMachine machine, SimulatedDisk disk, NameModel model, Action<string> begin, Action<string, VfsStatus> refused)
    {
        _plainNames.Clear();
        foreach (var step in _steps)
        {
            begin(step.Text);
            model.Begin();
            step.Begin(model);
            for (var status = step.Do(machine); status != VfsStatus.Ok && !disk.Faults.IsStopped; status = step.Again(machine, model))
            {
                refused(step.Text, status);
            }

            if (disk.Faults.IsStopped)
            {
                return;
            }

            model.End();
            step.End(model);
        }
    }

    private StagingScenario Add(
        string text, Action<NameModel> begin, Func<StagingMachine, VfsStatus> act, Action<NameModel>? end = null,
        Func<StagingMachine, NameModel, VfsStatus>? retry = null)
    {
        _steps.Add(new Step(text, begin, act, end ?? (_ => { })) { Retry = retry });
        return this;
    }

    private void NotePlain(string name)
    {
        if (!MrcNames.IsMrcName(name))
        {
            _plainNames.Add(name);
        }
    }

    private static string FolderOf(string name) => name.LastIndexOf('/') is var slash and >= 0 ? name[..slash] : "";

    private sealed record Step(string Text, Action<NameModel> Begin, Func<StagingMachine, VfsStatus> Do, Action<NameModel> End)
    {
        /// <summary>What a program does that was refused; set where that is not the same once more.</summary>
        public Func<StagingMachine, NameModel, VfsStatus>? Retry { get; init; }

        public VfsStatus Again(StagingMachine machine, NameModel model) => Retry?.Invoke(machine, model) ?? Do(machine);
    }
}
