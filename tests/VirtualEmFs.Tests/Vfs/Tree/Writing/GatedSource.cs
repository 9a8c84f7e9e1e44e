using VirtualEmFs.Vfs;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Tests.Vfs.Tree.Writing;

/// <summary>A source that lets a test look on before and after attributes are read.</summary>
internal sealed class GatedSource(ISourceTree source) : ISourceTree
{
    /// <summary>Told the path in the source.</summary>
    public Action<string>? Statting { get; set; }

    /// <summary>Likewise.</summary>
    public Action<string>? HasStatted { get; set; }

    public string RootPath => source.RootPath;

    public string FullPath(string relativePath) => source.FullPath(relativePath);

    public VfsStatus Stat(string path, bool followLinks, out SourceStat stat)
    {
        Statting?.Invoke(path);
        var status = source.Stat(path, followLinks, out stat);
        HasStatted?.Invoke(path);
        return status;
    }

    public VfsStatus List(string path, out IReadOnlyList<SourceName> names) => source.List(path, out names);

    public VfsStatus ReadLink(string path, out string target) => source.ReadLink(path, out target);

    public VfsStatus ResolveLinks(string path, out string fullPath) => source.ResolveLinks(path, out fullPath);

    public VfsStatus OpenFile(string path, out ISourceFile? file) => source.OpenFile(path, out file);

    public VfsStatus GetCapacity(string path, out FileSystemCapacity capacity) => source.GetCapacity(path, out capacity);

    public VfsStatus GetExtendedAttribute(string path, string name, out byte[] value) => source.GetExtendedAttribute(path, name, out value);

    public VfsStatus ListExtendedAttributes(string path, out IReadOnlyList<string> names) => source.ListExtendedAttributes(path, out names);
}
