using System.Text;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>
/// The structures of an HDF5 file, read-only: superblock, objects, paths. Never reads samples. Everything that the file claims is checked; what is wrong is a
/// <see cref="Hdf5FormatException"/>, and arithmetic on lies an <see cref="OverflowException"/>.
/// </summary>
/// <remarks>One thread; cheap to make, so that each operation makes its own. Does not own the source file.</remarks>
internal sealed class Hdf5File : IDisposable
{
    // Soft links that lead to soft links: the limit of libhdf5.
    private const int MaximumLinkSteps = 16;

    /// <summary>Opens a file whose superblock is known.</summary>
    public Hdf5File(SourceFile source, Superblock superblock)
        : this(superblock, new MetadataReader(source) { BaseOffset = superblock.BaseOffset })
    {
    }

    private Hdf5File(Superblock superblock, MetadataReader reader)
    {
        Superblock = superblock;
        Reader = reader;
        Shared = new SharedMessages(reader, superblock);
    }

    public Superblock Superblock { get; }

    public MetadataReader Reader { get; }

    public SharedMessages Shared { get; }

    public Hdf5Object Root => Open(Superblock.RootAddress);

    /// <summary>Opens a file; null when it is no HDF5 file.</summary>
    public static Hdf5File? TryOpen(SourceFile source)
    {
        var reader = new MetadataReader(source);
        try
        {
            if (Superblock.Find(reader) is not { } superblock)
            {
                return null;
            }

            reader.BaseOffset = superblock.BaseOffset;
            var file = new Hdf5File(WithExtension(reader, superblock), reader);
            reader = null;
            return file;
        }
        finally
        {
            reader?.Dispose();
        }
    }

    /// <summary>The object whose header stands at an address.</summary>
    public Hdf5Object Open(long address) => new(this, ObjectHeader.Read(Reader, Superblock.Sizes, address));

    /// <summary>The object that a path names; null when a part of it is missing or leads out of the file.</summary>
    public Hdf5Object? Find(Hdf5Object start, string path) => Follow(start, path, 0);

    /// <summary>Follows a link; null when it leads nowhere or out of the file.</summary>
    public Hdf5Object? Follow(Hdf5Object group, in LinkTarget target) => Follow(group, target, 0);

    public void Dispose() => Reader.Dispose();

    private Hdf5Object? Follow(Hdf5Object start, string path, int steps)
    {
        Hdf5Object? current = path.StartsWith('/') ? Root : start;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name == ".")
            {
                continue;
            }

            if (current?.FindLink(name) is not { } target)
            {
                return null;
            }

            current = Follow(current, target, steps);
        }

        return current;
    }

    private Hdf5Object? Follow(Hdf5Object group, in LinkTarget target, int steps)
    {
        if (steps > MaximumLinkSteps)
        {
            throw new Hdf5FormatException("its soft links lead in a circle");
        }

        return target.Kind switch
        {
            LinkKind.Hard => Open(target.Address),
            LinkKind.Soft => Follow(group, Encoding.UTF8.GetString(target.Value.Span.TrimEnd((byte)0)), steps + 1),
            _ => null,
        };
    }

    /// <summary>Takes the B-tree sizes of a new superblock from its extension.</summary>
    private static Superblock WithExtension(MetadataReader reader, Superblock superblock)
    {
        if (superblock.ExtensionAddress == FieldReader.Undefined
            || ObjectHeader.Read(reader, superblock.Sizes, superblock.ExtensionAddress).Find(MessageType.BTreeKValues) is not { } message)
        {
            return superblock;
        }

        var fields = new FieldReader(message.Data.Span, superblock.Sizes, "B-tree sizes");
        fields.Version(0, 0);
        (int chunkK, int groupK, int leafK) = (fields.U16(), fields.U16(), fields.U16());
        return chunkK > 0 && groupK > 0 && leafK > 0
            ? superblock with { ChunkInternalK = chunkK, GroupInternalK = groupK, GroupLeafK = leafK }
            : throw new Hdf5FormatException("the superblock has B-tree nodes without entries");
    }
}
