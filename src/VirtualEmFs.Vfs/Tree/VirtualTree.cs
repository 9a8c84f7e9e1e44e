using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Probing;
using VirtualEmFs.Vfs.Scheduling;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>
/// A source folder in which archives appear as .mrc files (semantics.md), read-only or with a staging folder for what programs write.
/// </summary>
/// <remarks>
/// Any thread. What needs the disk runs in the lane of its folder and replies from there; what is known replies at once.
/// Each version of a file is a node; every open checks that the version is still there.
/// </remarks>
public sealed partial class VirtualTree : IFileTree, IDisposable
{
    private readonly ISourceTree _source;
    private readonly IArchiveFormats _formats;
    private readonly IFrameReader _reader;
    private readonly VirtualTreeOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly IoQueue _queue = new();
    private readonly ProbeCache _probes;
    private readonly NodeTable _nodes;
    private readonly ForeignNames _foreign;
    private readonly DamageMarks _damage = new();
    private readonly FileErrors _errors = new();
    private readonly ConcurrentDictionary<ulong, OpenHandle> _handles = new();
    private readonly ConcurrentDictionary<(ulong Device, ulong Inode), FolderBindings> _bindings = new();
    private ulong _lastHandle;
    private long _lookupCount, _listingCount, _openCount, _readCount, _failureCount;

    /// <summary>Reads the attributes of the source folder, and nothing else.</summary>
    /// <param name="reader">Not owned: disposed by whoever made it, after the tree.</param>
    /// <exception cref="IOException">The source folder cannot be read.</exception>
    public VirtualTree(
        ISourceTree source, IArchiveFormats formats, IFrameReader reader, VirtualTreeOptions options, ILogger? logger = null, TimeProvider? time = null)
        : this(source, formats, reader, options, writing: null, logger, time)
    {
    }

    /// <summary>Reads the attributes of the source folder, and nothing else.</summary>
    /// <param name="reader">Not owned, likewise what <paramref name="writing"/> consists of.</param>
    /// <param name="writing">Null for a read-only tree.</param>
    /// <exception cref="IOException">The source folder cannot be read.</exception>
    internal VirtualTree(
        ISourceTree source, IArchiveFormats formats, IFrameReader reader, VirtualTreeOptions options, TreeWriting? writing,
        ILogger? logger = null, TimeProvider? time = null)
    {
        (_source, _formats, _reader, _options, _writing) = (source, formats, reader, options, writing);
        if (writing is not null)
        {
            writing.Area.Leaving = path => _changes.Note(FolderOf(path));
        }

        _logger = logger ?? NullLogger.Instance;
        _time = time ?? TimeProvider.System;
        _timeout = options.EffectiveTimeout;
        _probes = new ProbeCache(formats, _time);
        _foreign = new ForeignNames(source, _timeout, writing?.ListName, NoteDamage, _time);
        var status = source.Stat("", followLinks: true, out var stat);
        if (status != VfsStatus.Ok || stat.Kind != NodeKind.Directory)
        {
            throw new IOException($"{source.RootPath}: the source folder cannot be read ({status.InWords()})");
        }

        var key = NodeKey.OfSource(stat.Version, stat.Kind);
        _nodes = new NodeTable(key, FactsOfSource("", key, stat));
    }

    /// <summary>What was done so far.</summary>
    public TreeStatistics Statistics => new(
        _nodes.Count, _handles.Count, _queue.WaitingCount, Interlocked.Read(ref _lookupCount), Interlocked.Read(ref _listingCount),
        Interlocked.Read(ref _openCount), Interlocked.Read(ref _readCount), _probes.ProbeCount, Interlocked.Read(ref _failureCount),
        _restorations.ToArray(), _errors.ToArray());

    /// <summary>Path of a node in the source, for logs; null when it is not known any more.</summary>
    public string? DescribeNode(ulong nodeId) =>
        _nodes.TryGet(nodeId, out var node) ? node.Facts.Path is { Length: > 0 } path ? path : _source.RootPath : null;

    public void Forget(ulong nodeId, ulong count) => _nodes.Forget(nodeId, count);

    public void Retain(ulong nodeId) => _nodes.Retain(nodeId);

    public void GetCapacity(ulong nodeId, IReply<FileSystemCapacity> reply)
    {
        if (TryFind(nodeId, reply, out var node))
        {
            string path = node.Facts.Path;
            Answer(LaneOf(node), reply, () => Task.FromResult(CapacityOf(path)));
        }
    }

    /// <summary>Capacity of the disk that runs out first: what is written lies in the staging folder, and its archive in the source.</summary>
    private Outcome<FileSystemCapacity> CapacityOf(string path)
    {
        var status = _source.GetCapacity(path, out var capacity);
        while (status == VfsStatus.NotFound && path.Length > 0)
        {
            // What is staged, or removed and still open, is not in the source: its folder is, or one above.
            path = FolderOf(path);
            status = _source.GetCapacity(path, out capacity);
        }

        if (status != VfsStatus.Ok || _writing is null)
        {
            return status == VfsStatus.Ok ? capacity : status;
        }

        status = _writing.Disk.GetCapacity(Area.FolderPath, out var staging);
        return status != VfsStatus.Ok ? status
            : (UInt128)staging.AvailableBlocks * staging.FragmentLengthBytes < (UInt128)capacity.AvailableBlocks * capacity.FragmentLengthBytes ? staging
            : capacity;
    }

    /// <summary>Ends the I/O threads once queued work is done, and closes what is open.</summary>
    public void Dispose()
    {
        foreach (ulong handle in _handles.Keys)
        {
            Close(handle);
        }

        _queue.Dispose();
    }

    private static string PathOf(string folderPath, string name) => folderPath.Length == 0 ? name : $"{folderPath}/{name}";

    private static string FolderOf(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    /// <summary>The lane of a node's disk: its own for a folder, its folder's for anything else.</summary>
    private static string LaneOf(Node node) =>
        node.Kind == NodeKind.Directory && node.Key.Flavour == NodeFlavour.Source ? node.Facts.Path : FolderOf(node.Facts.Path);

    private bool TryFind<T>(ulong nodeId, IReply<T> reply, out Node node)
    {
        if (_nodes.TryGet(nodeId, out node!))
        {
            return true;
        }

        // The kernel looks the name up again.
        reply.Fail(VfsStatus.Stale);
        return false;
    }

    /// <summary>Runs an operation in a lane and replies with its outcome, whatever happens in it.</summary>
    private void Answer<T>(string lane, IReply<T> reply, Func<Task<Outcome<T>>> operation, [CallerMemberName] string name = "") =>
        _ = _queue.Run(lane, async () =>
        {
            var outcome = await Guarded(operation, name);
            Reply(name, () => outcome.Answer(reply));
        });

    private async Task<Outcome<T>> Guarded<T>(Func<Task<Outcome<T>>> operation, string name)
    {
        try
        {
            return await operation();
        }
        catch (ArchiveChangedException)
        {
            return VfsStatus.Stale;
        }
        catch (ArchiveException exception)
        {
            NoteDamage(exception.ArchivePath, exception.FrameIndex is int frame ? $"frame {frame}: {exception.Reason}" : exception.Reason);
            return VfsStatus.Corrupt;
        }
        catch (Exception exception)
        {
            Interlocked.Increment(ref _failureCount);
            TreeLog.OperationFailed(_logger, name, exception);
            return VfsStatus.Corrupt;
        }
    }

    /// <summary>A reply that throws has answered all the same: it must not be answered twice, nor end the thread.</summary>
    private void Reply(string name, Action reply)
    {
        try
        {
            reply();
        }
        catch (Exception exception)
        {
            Interlocked.Increment(ref _failureCount);
            TreeLog.OperationFailed(_logger, name, exception);
        }
    }

    private void NoteDamage(string path, string reason)
    {
        if (_errors.Note(path, reason))
        {
            TreeLog.ArchiveIsDamaged(_logger, path, reason);
        }
    }

    private FolderBindings BindingsOf(Node folder) => BindingsOf(folder.Key.Version);

    private FolderBindings BindingsOf(in SourceVersion folder) => _bindings.GetOrAdd((folder.Device, folder.Inode), static _ => new FolderBindings());

    private TimeSpan AgeOf(long timestamp) => _time.GetElapsedTime(timestamp);

    /// <summary>How long the kernel may still keep what was read at a time.</summary>
    private TimeSpan RemainingTimeout(long timestamp)
    {
        var remaining = _timeout - AgeOf(timestamp);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }
}
