using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Tree;

namespace VirtualEmFs.Tests.Vfs;

/// <summary>A tree over fakes, asked as a kernel asks.</summary>
internal sealed class TreeBench : IDisposable
{
    public TreeBench(Action<FakeSourceTree>? fill = null, VirtualTreeOptions? options = null)
    {
        fill?.Invoke(Source);
        Formats = new FakeFormats(Source);
        Reader = new FakeReader(Source) { EndsAtDamage = options?.Damaged == DamagePolicy.Serve };
        Tree = new VirtualTree(Source, Formats, Reader, options ?? new VirtualTreeOptions(), time: Time);
    }

    public FakeSourceTree Source { get; } = new();

    public FakeFormats Formats { get; }

    public FakeReader Reader { get; }

    public ManualTime Time { get; } = new();

    public VirtualTree Tree { get; private set; }

    /// <summary>Mounts the same source anew.</summary>
    public void Remount(VirtualTreeOptions? options = null)
    {
        Tree.Dispose();
        Tree = new VirtualTree(Source, Formats, Reader, options ?? new VirtualTreeOptions(), time: Time);
    }

    /// <summary>Lets every cached name and attribute expire.</summary>
    public void Expire() => Time.Advance(TimeSpan.FromSeconds(10));

    public Reply<NodeEntry> Lookup(string path)
    {
        ulong parentId = IFileTree.RootId;
        string[] names = path.Split('/');
        foreach (string folder in names[..^1])
        {
            parentId = Ask<NodeEntry>(reply => Tree.Lookup(parentId, folder, reply)).Value.NodeId;
        }

        return Ask<NodeEntry>(reply => Tree.Lookup(parentId, names[^1], reply));
    }

    public NodeEntry Find(string path) => Lookup(path).Value;

    public Reply<OpenedFile> Open(ulong nodeId) => Ask<OpenedFile>(reply => Tree.Open(nodeId, forWriting: false, reply));

    public ulong Open(string path) => Open(Find(path).NodeId).Value.Handle;

    public ReadReply Read(ulong handle, long fileOffset, int lengthBytes, bool fillsPages = false)
    {
        var reply = new ReadReply { FillsPages = fillsPages };
        Tree.Read(handle, fileOffset, lengthBytes, reply);
        return reply;
    }

    public byte[] ReadAll(string path)
    {
        var entry = Find(path);
        ulong handle = Open(entry.NodeId).Value.Handle;
        byte[] bytes = Read(handle, 0, (int)entry.Attributes.LengthBytes).Bytes;
        Tree.Release(handle);
        return bytes;
    }

    /// <summary>Names of a folder without the dots, sorted.</summary>
    public string[] List(string path = "", bool withAttributes = false) =>
        [.. Entries(path, withAttributes).Select(entry => entry.Name).Where(name => name is not ("." or "..")).Order(StringComparer.Ordinal)];

    public List<DirectoryEntry> Entries(string path = "", bool withAttributes = false, int batch = 7, Action<DirectoryEntry>? packing = null)
    {
        ulong folder = path.Length == 0 ? IFileTree.RootId : Find(path).NodeId;
        ulong handle = Ask<ulong>(reply => Tree.OpenDirectory(folder, reply)).Value;
        var all = new List<DirectoryEntry>();
        while (true)
        {
            var reply = new Reply<IReadOnlyList<DirectoryEntry>> { Packing = entries => entries.ToList().ForEach(entry => packing?.Invoke(entry)) };
            Tree.ReadDirectory(handle, all.Count == 0 ? 0 : all[^1].NextOffset, batch, withAttributes, reply);
            if (reply.Value.Count == 0)
            {
                Tree.ReleaseDirectory(handle);
                return all;
            }

            all.AddRange(reply.Value);
        }
    }

    public static Reply<T> Ask<T>(Action<Reply<T>> question)
    {
        var reply = new Reply<T>();
        question(reply);
        return reply;
    }

    public void Dispose() => Tree.Dispose();
}
