using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>
/// A disk in memory that knows what was flushed. It can stop the process before any call, let calls fail, and show what a crash leaves.
/// A flush makes durable what it is asked for and nothing else: neither the name of a flushed file, nor the folders above it.
/// </summary>
/// <remarks>Any thread. Links are never followed, not even in the middle of a path.</remarks>
internal sealed partial class SimulatedDisk : IDisk
{
    private readonly List<SimulatedVolume> _volumes;
    private readonly SimulatedNode _root;
    private readonly SimulatedNames _names;
    private ulong _lastInode;
    private long _clockNs;

    /// <summary>An empty disk.</summary>
    /// <param name="folders">Absolute paths of folders that are there, durable, each after the one it lies in.</param>
    public SimulatedDisk(params string[] folders)
    {
        (_lastInode, _clockNs) = (1000, 1_700_000_000_000_000_000);
        _volumes = [new SimulatedVolume("/", 1)];
        _names = new SimulatedNames();
        _root = NewNode("/", NodeKind.Directory, 0x1ED);
        foreach (string folder in folders)
        {
            Require(MakeFolder(folder, 0x1ED));
        }

        _names.FlushAll();
        Faults = new SimulatedFaults();
    }

    private SimulatedDisk(SimulatedDisk disk, int seed, CrashMode mode)
    {
        (_lastInode, _clockNs) = (disk._lastInode, disk._clockNs);
        var volumes = disk._volumes.ToDictionary(
            volume => volume, volume => new SimulatedVolume(volume.Path, volume.Device) { CapacityBytes = volume.CapacityBytes });
        _volumes = [.. disk._volumes.Select(volume => volumes[volume])];
        (_root, _names) = SimulatedCrash.Copy(disk._root, disk._names, volumes, seed, mode);
    }

    /// <summary>Guards everything.</summary>
    internal Lock Gate { get; } = new();

    public SimulatedFaults Faults { get; } = new();

    /// <summary>How far the clock goes with each change. 0: all changes fall into one tick, as they can on a real disk.</summary>
    public long TickNs { get; set; } = 1_000_000;

    public bool CanChangeOwner { get; set; } = true;

    /// <summary>The disk after a crash, as the next process finds it; this one stays as it is. No faults, no calls counted.</summary>
    /// <param name="seed">Decides what survives, where the mode leaves a choice.</param>
    public SimulatedDisk Crash(int seed, CrashMode mode)
    {
        lock (Gate)
        {
            return new SimulatedDisk(this, seed, mode) { TickNs = TickNs, CanChangeOwner = CanChangeOwner };
        }
    }

    /// <summary>Makes a folder a device of its own, from which nothing can be renamed elsewhere.</summary>
    public SimulatedVolume AddVolume(string folder, long capacityBytes)
    {
        var volume = new SimulatedVolume(folder, (ulong)_volumes.Count + 1) { CapacityBytes = capacityBytes };
        _volumes.Add(volume);
        return volume;
    }

    /// <summary>Bytes of a file as programs see them; null when there is none. Counts as no call.</summary>
    public byte[]? ContentOf(string path)
    {
        lock (Gate)
        {
            return Find(path) is { Kind: NodeKind.File } node ? node.Content : null;
        }
    }

    /// <summary>Names in a folder. Counts as no call.</summary>
    public string[] NamesIn(string path)
    {
        lock (Gate)
        {
            return Find(path) is { IsFolder: true } node ? [.. node.Names.Keys] : [];
        }
    }

    /// <summary>Paths of all files and links below a folder. Counts as no call.</summary>
    public IEnumerable<string> FilesBelow(string path) => NamesIn(path).Select(name => $"{path}/{name}")
        .SelectMany(child => Find(child)!.IsFolder ? FilesBelow(child) : [child]);

    /// <summary>Puts a file, durable with all folders above it, in the place of whatever is there: what another program did. Counts as no call.</summary>
    public void Put(string path, ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            var (folder, name) = Split(path);
            if (folder!.Names.GetValueOrDefault(name) is { } old)
            {
                Detach(old);
            }

            var node = NewNode(path, NodeKind.File, 0x1A4);
            node.LinkCount = 1;
            node.Write(0, bytes);
            node.Flush(dataOnly: false);
            _names.Apply([node], new SimulatedEdit(folder, name, node));
            _names.Flush(folder);
        }
    }

    /// <summary>Removes a file, durably: what another program did. Counts as no call.</summary>
    public void Remove(string path)
    {
        lock (Gate)
        {
            var (folder, name) = Split(path);
            var node = folder!.Names[name];
            _names.Apply([node], new SimulatedEdit(folder, name, null));
            _names.Flush(folder);
            Detach(node);
        }
    }

    internal long NextNs() => _clockNs += TickNs;

    internal VfsStatus Change(SimulatedNode node, in AttributeChange change)
    {
        if (change.LengthBytes is not null)
        {
            return VfsStatus.InvalidArgument;
        }

        var old = node.Attributes;
        node.Attributes = new SimulatedAttributes(
            change.Permissions ?? old.Permissions, change.Uid ?? old.Uid, change.Gid ?? old.Gid, change.AtimeNs ?? old.AtimeNs, change.MtimeNs ?? old.MtimeNs,
            NextNs());
        return VfsStatus.Ok;
    }

    private static void Require(VfsStatus status)
    {
        if (status != VfsStatus.Ok)
        {
            throw new InvalidOperationException($"the disk cannot be laid out: {status}");
        }
    }

    private static void Detach(SimulatedNode node)
    {
        node.LinkCount--;
        node.FreeIfGone();
    }

    private SimulatedNode NewNode(string path, NodeKind kind, uint permissions, string target = "", ulong deviceNumber = 0)
    {
        var volume = VolumeOf(path);
        var node = new SimulatedNode(volume, ++_lastInode, kind) { Target = target, DeviceNumber = deviceNumber };
        long now = NextNs();
        node.Attributes = new SimulatedAttributes(permissions, 0, 0, now, now, now);
        node.FlushAttributes();
        return node;
    }

    private SimulatedVolume VolumeOf(string path) => _volumes
        .Where(volume => volume.Path == "/" || path == volume.Path || path.StartsWith(volume.Path + "/", StringComparison.Ordinal))
        .MaxBy(volume => volume.Path.Length)!;

    private SimulatedNode? Find(string path)
    {
        var node = _root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!node.Names.TryGetValue(name, out var child))
            {
                return null;
            }

            node = child;
        }

        return node;
    }

    /// <summary>The folder that a path lies in, null when it is not there or is none, and the last name.</summary>
    private (SimulatedNode? Folder, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return (Find(path[..slash]) is { IsFolder: true } folder ? folder : null, path[(slash + 1)..]);
    }

    private VfsStatus Before(DiskCall call, string path) => Faults.Before(call, path, out _);
}
