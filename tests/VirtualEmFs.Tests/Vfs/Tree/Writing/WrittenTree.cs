using Microsoft.Extensions.Logging.Abstractions;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Mount.Sources;
using VirtualEmFs.Mount.Staging;
using VirtualEmFs.Tests.Archives.Compression;
using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Reading;
using VirtualEmFs.Vfs.Staging;
using VirtualEmFs.Vfs.Tree;
using VirtualEmFs.Vfs.WriteBack;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>A writable tree over real folders, asked as a kernel asks, that archives what is closed at once.</summary>
internal sealed class WrittenTree : IDisposable
{
    private static readonly Creation s_creation = new(0x1A4, 0, 0);
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _source = new(), _staging = new();
    private readonly StagingArea _area;
    private readonly WriteBackQueue _queue;

    public WrittenTree()
    {
        Directory.CreateDirectory(SourcePathOf(".emfs"));
        var formats = new ArchiveFormats();
        Source = new GatedSource(new PosixSourceTree(_source.Path));
        Disk = new GatedDisk(new PosixDisk());
        _area = StagingArea.Open(Disk, _staging.Path, _source.Path, NullLogger.Instance, TimeProvider.System);
        Archiver = new GatedArchiver(new MrcArchiver(formats, new MrcArchiverOptions()));
        Engine = new ReadEngine(formats, new ReadEngineOptions(8 << 20, 8 << 20));
        Tree = new VirtualTree(
            Source, formats, Engine, new VirtualTreeOptions(), new TreeWriting(Disk, _area, Archiver));
        _queue = new WriteBackQueue(_area, Disk, Archiver, new WriteBackOptions { Delay = TimeSpan.Zero, Workers = 1 }, NullLogger.Instance, TimeProvider.System);
        _queue.Start();
    }

    public GatedSource Source { get; }

    public GatedDisk Disk { get; }

    public GatedArchiver Archiver { get; }

    public ReadEngine Engine { get; }

    public VirtualTree Tree { get; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An MRC file of 16-bit samples, which archives keep exactly.</summary>
    public static byte[] Mrc(int seed, int sectionCount = 2)
    {
        const int nx = 48, ny = 40;
        var header = new byte[MrcHeader.LengthBytes];
        MrcFile.Header(nx, ny, sectionCount, mode: 1).Write(header);
        var samples = new byte[nx * ny * sectionCount * sizeof(short)];
        new Random(seed).NextBytes(samples);
        return [.. header, .. samples];
    }

    public string StagingPath => _staging.Path;

    public string SourcePathOf(string path) => Path.Combine(_source.Path, path);

    /// <summary>Files below the source, our own folder aside.</summary>
    public string[] InSource() =>
    [
        .. Directory.EnumerateFiles(_source.Path, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_source.Path, path))
            .Where(path => !path.StartsWith(".emfs/", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

    /// <summary>Waits until nothing is staged but what is open.</summary>
    public void Flush() => Assert.True(_queue.Flush(null, Cancellation).Wait(s_deadline, Cancellation), "the flush did not end");

    public Reply<NodeEntry> Lookup(string path)
    {
        var (folder, name) = Split(path);
        return TreeBench.Ask<NodeEntry>(reply => Tree.Lookup(folder, name, reply));
    }

    public ulong Find(string path) => Lookup(path).Value.NodeId;

    public NodeAttributes AttributesOf(ulong nodeId) =>
        TreeBench.Ask<(NodeAttributes Attributes, TimeSpan Timeout)>(reply => Tree.GetAttributes(nodeId, null, reply)).Value.Attributes;

    public ulong Create(string path)
    {
        var (folder, name) = Split(path);
        return TreeBench.Ask<CreatedFile>(reply => Tree.Create(folder, name, s_creation, isExclusive: true, reply)).Value.File.Handle;
    }

    public void MakeFolder(string path)
    {
        var (folder, name) = Split(path);
        Assert.Equal(VfsStatus.Ok, TreeBench.Ask<NodeEntry>(reply => Tree.MakeDirectory(folder, name, s_creation with { Permissions = 0x1ED }, reply)).Status);
    }

    public Reply<OpenedFile> AskOpen(ulong nodeId, bool forWriting = true) => TreeBench.Ask<OpenedFile>(reply => Tree.Open(nodeId, forWriting, reply));

    public ulong Open(string path, bool forWriting = true) => AskOpen(Find(path), forWriting).Value.Handle;

    /// <summary>Opens as a kernel does: a name that has become another's in this moment is looked up once more.</summary>
    public ulong OpenAnew(string path) => AskOpen(Find(path)) is { Status: not VfsStatus.Stale } opened ? opened.Value.Handle : Open(path);

    public ReadReply AskRead(ulong handle, int lengthBytes = 1 << 20)
    {
        var reply = new ReadReply();
        Tree.Read(handle, 0, lengthBytes, reply);
        return reply;
    }

    public byte[] Read(ulong handle, int lengthBytes = 1 << 20) => AskRead(handle, lengthBytes).Bytes;

    public byte[] ReadAll(string path)
    {
        ulong handle = Open(path, forWriting: false);
        byte[] bytes = Read(handle);
        Tree.Release(handle);
        return bytes;
    }

    public Reply<int> AskWrite(ulong handle, long fileOffset, byte[] bytes) => TreeBench.Ask<int>(reply => Tree.Write(handle, fileOffset, bytes, reply));

    public void Write(ulong handle, long fileOffset, byte[] bytes) => Assert.Equal(bytes.Length, AskWrite(handle, fileOffset, bytes).Value);

    public Reply<Done> AskSync(ulong handle) => TreeBench.Ask<Done>(reply => Tree.Sync(handle, dataOnly: false, reply));

    /// <summary>A new file, written and closed.</summary>
    public void WriteFile(string path, byte[] bytes)
    {
        ulong handle = Create(path);
        Write(handle, 0, bytes);
        Tree.Release(handle);
    }

    /// <summary>The same, archived.</summary>
    public void Archive(string path, byte[] bytes)
    {
        WriteFile(path, bytes);
        Flush();
        Assert.True(File.Exists(SourcePathOf(path + ".hdf")), $"{path} was not archived");
    }

    public Reply<(NodeAttributes Attributes, TimeSpan Timeout)> AskChange(ulong nodeId, AttributeChange change) =>
        TreeBench.Ask<(NodeAttributes, TimeSpan)>(reply => Tree.SetAttributes(nodeId, null, change, reply));

    public VfsStatus Change(ulong nodeId, AttributeChange change) => AskChange(nodeId, change).Status;

    public Reply<Done> AskUnlink(string path)
    {
        var (folder, name) = Split(path);
        return TreeBench.Ask<Done>(reply => Tree.Unlink(folder, name, reply));
    }

    public Reply<Done> AskRename(string path, string newPath, RenameMode mode = RenameMode.Replace)
    {
        var (folder, name) = Split(path);
        var (newFolder, newName) = Split(newPath);
        return TreeBench.Ask<Done>(reply => Tree.Rename(folder, name, newFolder, newName, mode, reply));
    }

    /// <summary>Names of a folder as one listing gives them, without the dots.</summary>
    public List<string> List(string path, bool withAttributes) => [.. Entries(path, withAttributes).Select(entry => entry.Name)];

    public List<DirectoryEntry> Entries(string path, bool withAttributes)
    {
        ulong handle = TreeBench.Ask<ulong>(reply => Tree.OpenDirectory(path.Length == 0 ? IFileTree.RootId : Find(path), reply)).Value;
        var listed = new List<DirectoryEntry>();
        for (long offset = 0; ;)
        {
            var entries = TreeBench.Ask<IReadOnlyList<DirectoryEntry>>(reply => Tree.ReadDirectory(handle, offset, 7, withAttributes, reply)).Value;
            if (entries.Count == 0)
            {
                Tree.ReleaseDirectory(handle);
                return listed;
            }

            listed.AddRange(entries.Where(entry => entry.Name is not ("." or "..")));
            offset = entries[^1].NextOffset;
        }
    }

    public void Dispose()
    {
        _queue.Dispose();
        Tree.Dispose();
        _area.Dispose();
        Engine.Dispose();
        _source.Dispose();
        _staging.Dispose();
    }

    private (ulong FolderId, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? (IFileTree.RootId, path) : (Find(path[..slash]), path[(slash + 1)..]);
    }
}
