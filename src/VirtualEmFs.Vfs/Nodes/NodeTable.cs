using System.Diagnostics.CodeAnalysis;
using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.Nodes;

/// <summary>The nodes that the kernel or an open handle refers to. Others are forgotten; their ids are never used again.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class NodeTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Node> _byId = [];     // guarded by _gate
    private readonly Dictionary<NodeKey, Node> _byKey = [];  // guarded by _gate
    private ulong _lastId = IFileTree.RootId;                // guarded by _gate

    /// <param name="rootKey">Key of the source folder.</param>
    public NodeTable(NodeKey rootKey, NodeFacts facts)
    {
        Root = new Node(IFileTree.RootId, rootKey, NodeKind.Directory) { Facts = facts, LookupCount = 1 };
        _byId.Add(Root.Id, Root);
        _byKey.Add(rootKey, Root);
    }

    public Node Root { get; }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    public bool TryGet(ulong id, [NotNullWhen(true)] out Node? node)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out node);
        }
    }

    /// <summary>The node of a key, with a reference of the kernel's.</summary>
    /// <param name="place">Where it was found, so that a rename of that folder meanwhile does no harm.</param>
    public Node Refer(NodeKey key, NodeKind kind, NodeFacts facts, FolderPlace place = default)
    {
        lock (_gate)
        {
            var node = GetOrAdd(key, kind, Current(facts, place));
            node.LookupCount++;
            return node;
        }
    }

    /// <summary>The node of a key, in use until <see cref="EndUse"/>.</summary>
    /// <param name="place">As for <see cref="Refer"/>.</param>
    public Node BeginUse(NodeKey key, NodeKind kind, NodeFacts facts, FolderPlace place = default)
    {
        lock (_gate)
        {
            var node = GetOrAdd(key, kind, Current(facts, place));
            node.UseCount++;
            return node;
        }
    }

    /// <summary>Ends a use.</summary>
    public void EndUse(Node node)
    {
        lock (_gate)
        {
            node.UseCount--;
            RemoveIfUnused(node);
        }
    }

    /// <summary>Takes another reference of the kernel's; false when the node is gone.</summary>
    public bool Retain(ulong id)
    {
        lock (_gate)
        {
            if (!_byId.TryGetValue(id, out var node))
            {
                return false;
            }

            node.LookupCount++;
            return true;
        }
    }

    /// <summary>Gives back references of the kernel's.</summary>
    public void Forget(ulong id, ulong count)
    {
        lock (_gate)
        {
            if (id != IFileTree.RootId && _byId.TryGetValue(id, out var node))
            {
                node.LookupCount -= Math.Min(count, node.LookupCount);
                RemoveIfUnused(node);
            }
        }
    }

    /// <summary>Gives a node another key: what it shows has become a staged file, or another version that the mount itself made.</summary>
    public void Rebind(Node node, NodeKey key)
    {
        lock (_gate)
        {
            if (_byKey.TryGetValue(node.Key, out var current) && ReferenceEquals(current, node))
            {
                _byKey.Remove(node.Key);
            }

            node.Key = key;
            if (_byId.ContainsKey(node.Id))
            {
                _byKey[key] = node;
            }
        }
    }

    /// <summary>Notes that a file or folder of the source is gone: a new one that gets its inode number is another node.</summary>
    public void NoteRemoved(NodeKey key)
    {
        lock (_gate)
        {
            if (_byKey.Remove(key, out var node))
            {
                node.IsRemoved = true;
            }
        }
    }

    /// <summary>The node of a key, if the kernel or a handle refers to it.</summary>
    public Node? Find(NodeKey key)
    {
        lock (_gate)
        {
            return _byKey.GetValueOrDefault(key);
        }
    }

    /// <summary>Tells the nodes of a path, and of everything below it, that it has another name now.</summary>
    public void Move(string path, string newPath)
    {
        lock (_gate)
        {
            foreach (var node in _byId.Values)
            {
                var facts = node.Facts;
                var moved = Moved(facts, path, newPath);
                if (!ReferenceEquals(moved, facts))
                {
                    node.Facts = moved;
                }

                if (node.Key.Alias is { } alias && MovedPath(alias, path, newPath) is var movedAlias && !ReferenceEquals(movedAlias, alias))
                {
                    Rebind(node, node.Key with { Alias = movedAlias });
                }
            }
        }
    }

    /// <summary>Counts an open handle.</summary>
    /// <param name="version">The version that was opened.</param>
    /// <param name="file">The file, where the node shows its own bytes.</param>
    /// <returns>True when pages that the kernel keeps of the node are of this version.</returns>
    public bool Open(Node node, SourceVersion version, ISourceFile? file)
    {
        lock (_gate)
        {
            bool isSame = node.OpenedVersion == version;
            node.OpenedVersion = version;
            if (file is not null)
            {
                (node.OpenFiles ??= []).Add(file);
            }

            node.UseCount++;
            // A handle of a node that was forgotten meanwhile (its lookup was interrupted) keeps it all the same.
            _byId.TryAdd(node.Id, node);
            if (!node.IsRemoved)
            {
                _byKey.TryAdd(node.Key, node);
            }

            return isSame;
        }
    }

    /// <summary>Ends a handle.</summary>
    public void Close(Node node, ISourceFile? file)
    {
        lock (_gate)
        {
            if (file is not null)
            {
                node.OpenFiles?.Remove(file);
            }

            node.UseCount--;
            RemoveIfUnused(node);
        }
    }

    /// <summary>True while a handle of the node is open; <paramref name="file"/> is one that shows the file's own bytes.</summary>
    public bool IsOpen(Node node, out ISourceFile? file)
    {
        lock (_gate)
        {
            file = node.OpenFiles is { Count: > 0 } files ? files[0] : null;
            return node.UseCount > 0;
        }
    }

    /// <summary>What was found in a folder that was renamed since has another path now.</summary>
    private static NodeFacts Current(NodeFacts facts, FolderPlace place) => place.Folder is { } folder ? Moved(facts, place.Path, folder.Facts.Path) : facts;

    private static NodeFacts Moved(NodeFacts facts, string path, string newPath)
    {
        if (path == newPath)
        {
            return facts;
        }

        string moved = MovedPath(facts.Path, path, newPath);
        string? shown = facts.ShownPath is { } old ? MovedPath(old, path, newPath) : null;
        return ReferenceEquals(moved, facts.Path) && ReferenceEquals(shown, facts.ShownPath) ? facts : facts with { Path = moved, ShownPath = shown };
    }

    private static string MovedPath(string old, string path, string newPath) =>
        old == path ? newPath : StagedIndex.IsBelow(old, path) ? newPath + old[path.Length..] : old;

    private Node GetOrAdd(NodeKey key, NodeKind kind, NodeFacts facts)
    {
        if (!_byKey.TryGetValue(key, out var node) || node.Kind != kind || node.Staged is { IsGone: true })
        {
            if (node is not null)
            {
                // An inode number that came back as another file.
                _byKey.Remove(key);
            }

            node = new Node(++_lastId, key, kind);
            _byId.Add(node.Id, node);
            _byKey.Add(key, node);
        }

        node.Facts = facts;
        return node;
    }

    private void RemoveIfUnused(Node node)
    {
        if (node.LookupCount == 0 && node.UseCount == 0 && node.Id != IFileTree.RootId)
        {
            _byId.Remove(node.Id);
            if (_byKey.TryGetValue(node.Key, out var current) && ReferenceEquals(current, node))
            {
                _byKey.Remove(node.Key);
            }
        }
    }
}

/// <summary>A folder, and the path that it had when something was looked for in it.</summary>
internal readonly record struct FolderPlace(Node? Folder, string Path);
