using Microsoft.Extensions.Logging;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>Keeps the list of staged names in the source, which tells other mounts what they cannot see (<see cref="NameList"/>).</summary>
/// <remarks>
/// One owner; a thread of its own writes at most once a second, and only what has changed. Files that lie in the source themselves are not in
/// the list. Losing it costs other mounts a name for as long as this one is down, and never a byte.
/// </remarks>
internal sealed class StagedNames : IDisposable
{
    private const uint ReadWriteBits = 0x1B6; // 0666

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly IDisk _disk;
    private readonly StagingArea _area;
    private readonly string _host;
    private readonly ILogger _logger;
    private readonly AutoResetEvent _changed = new(false);
    private readonly ManualResetEvent _stop = new(false);
    private readonly Lock _publishing = new();
    private string[]? _published; // guarded by _publishing; null before the first time
    private VfsStatus _status;    // guarded by _publishing
    private Thread? _thread;

    /// <param name="area">Not owned: disposed of after this.</param>
    /// <param name="host">Name of this machine.</param>
    public StagedNames(IDisk disk, StagingArea area, string host, ILogger logger) => (_disk, _area, _host, _logger) = (disk, area, host, logger);

    /// <summary>File name of the list, for <see cref="ForeignNames"/> of the same mount.</summary>
    public string FileName => NameList.FileNameOf(_host, _area.FolderPath);

    private string FolderPath => _area.FullPath(NameList.Folder);

    private string ListPath => $"{FolderPath}/{FileName}";

    /// <summary>Writes the list, and from now on every change of it.</summary>
    public void Start()
    {
        _area.Changed += Signal;
        Publish();
        _thread = new Thread(Run) { IsBackground = true, Name = "staged names" };
        _thread.Start();
    }

    /// <summary>Removes the list of this staging folder from the time when it, or its machine, had another name.</summary>
    public void Forget(string host, string stagingPath)
    {
        if (NameList.FileNameOf(host, stagingPath) is var name && name != FileName)
        {
            _ = _disk.Unlink($"{FolderPath}/{name}"); // what is not there is as good
        }
    }

    /// <summary>Brings the list up to date. Any thread.</summary>
    public VfsStatus Publish()
    {
        lock (_publishing)
        {
            string[] paths = [.. _area.Index.All().Select(file => file.Entry).Where(entry => !entry.IsInPlace).Select(entry => entry.Path)];
            Array.Sort(paths, StringComparer.Ordinal);
            if (_published is not null && _published.AsSpan().SequenceEqual(paths))
            {
                return VfsStatus.Ok;
            }

            var status = paths.Length == 0 ? Remove() : Write(paths);
            if (status == VfsStatus.Ok)
            {
                _published = paths;
            }
            else if (status != _status)
            {
                StagingLog.NamesNotPublished(_logger, ListPath, status.InWords());
            }

            return _status = status;
        }
    }

    /// <summary>Writes the list a last time.</summary>
    public void Dispose()
    {
        _area.Changed -= Signal;
        _stop.Set();
        _thread?.Join();
        Publish();
        _changed.Dispose();
        _stop.Dispose();
    }

    private void Signal() => _changed.Set();

    private void Run()
    {
        while (WaitHandle.WaitAny([_stop, _changed]) != 0)
        {
            if (Publish() != VfsStatus.Ok)
            {
                _changed.Set(); // again after the interval
            }

            if (_stop.WaitOne(s_interval))
            {
                return;
            }
        }
    }

    private VfsStatus Remove()
    {
        var status = _disk.Unlink(ListPath);
        return status == VfsStatus.NotFound ? VfsStatus.Ok : status;
    }

    /// <summary>Whoever may read the source may read the list.</summary>
    private VfsStatus Write(string[] paths)
    {
        var status = _disk.Stat(_area.SourcePath, out var source);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        status = SourceActions.MakeOwnFolder(_disk, _area.SourcePath, NameList.Folder);
        string temporaryPath = $"{_area.TemporaryFolder}/names";
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        _ = _disk.Unlink(temporaryPath); // left by an attempt that could not remove it either
        status = _disk.Open(temporaryPath, DiskAccess.CreateNew, source.Permissions & ReadWriteBits, out var file);
        if (status != VfsStatus.Ok)
        {
            return status;
        }

        using (file)
        {
            status = file!.Write(0, new NameList(_host, _area.FolderPath, paths).ToBytes(), out _);
            status = status == VfsStatus.Ok ? file.Sync(dataOnly: false) : status;
        }

        status = status == VfsStatus.Ok ? _disk.Rename(temporaryPath, ListPath, RenameMode.Replace) : status;
        if (status != VfsStatus.Ok)
        {
            _ = _disk.Unlink(temporaryPath); // on a full disk it would keep what little room there is
        }

        return status;
    }
}
