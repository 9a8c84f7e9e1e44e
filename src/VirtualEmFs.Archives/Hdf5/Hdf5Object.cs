using System.Buffers.Binary;
using System.Text;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>A group, dataset or named datatype: its header, with links and attributes wherever they are kept.</summary>
/// <remarks>One thread, as <see cref="Hdf5File"/>.</remarks>
internal sealed class Hdf5Object(Hdf5File file, ObjectHeader header)
{
    public Hdf5File File => file;

    public ObjectHeader Header => header;

    public bool IsGroup => header.Find(MessageType.SymbolTable) is not null || header.Find(MessageType.LinkInfo) is not null
        || header.Find(MessageType.Link) is not null;

    public bool IsDataset => header.Find(MessageType.Layout) is not null;

    /// <summary>A message with sharing resolved; null when there is none.</summary>
    public ReadOnlyMemory<byte>? Message(MessageType type) => header.Find(type) is { } message
        ? message.IsShared ? file.Shared.Resolve(type, message.Data) : message.Data
        : (ReadOnlyMemory<byte>?)null; // a bare null would become an empty message

    /// <summary>Visits every link of a group; none of what is no group.</summary>
    /// <returns>False when the visitor ended the walk.</returns>
    public bool ForEachLink(LinkVisitor visit)
    {
        FieldSizes sizes = file.Superblock.Sizes;
        foreach (HeaderMessage message in header.Messages)
        {
            bool goesOn = message.Type switch
            {
                MessageType.SymbolTable => SymbolTable.ForEach(file.Reader, file.Superblock, message.Data.Span, visit),
                MessageType.Link => LinkMessage.Visit(message.Data.Span, sizes, visit),
                MessageType.LinkInfo => ForEachDenseLink(message.Data.Span, visit),
                _ => true,
            };
            if (!goesOn)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The link of a name; null when there is none.</summary>
    public LinkTarget? FindLink(string name)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        LinkTarget? found = null;
        ForEachLink((linkName, in target) =>
        {
            if (!linkName.SequenceEqual(wanted))
            {
                return true;
            }

            found = target;
            return false;
        });
        return found;
    }

    /// <summary>Every attribute.</summary>
    public List<Attribute> Attributes()
    {
        var attributes = new List<Attribute>();
        ForEachAttributeMessage(message =>
        {
            attributes.Add(Parse(message));
            return true;
        });
        return attributes;
    }

    /// <summary>Visits every attribute message as stored, to be parsed with <see cref="Parse"/> where its name is wanted.</summary>
    public void ForEachAttributeMessage(Func<ReadOnlyMemory<byte>, bool> visit)
    {
        foreach (HeaderMessage message in header.Messages)
        {
            if (message.Type == MessageType.Attribute
                && !visit(message.IsShared ? file.Shared.Resolve(MessageType.Attribute, message.Data) : message.Data))
            {
                return;
            }
        }

        if (header.Find(MessageType.AttributeInfo) is { } info)
        {
            ForEachDenseAttribute(info.Data.Span, visit);
        }
    }

    /// <summary>The attribute of a name; null when there is none.</summary>
    public Attribute? FindAttribute(string name)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        Attribute? found = null;
        ForEachAttributeMessage(message =>
        {
            found = AttributeMessage.NameOf(message.Span).SequenceEqual(wanted) ? Parse(message) : null;
            return found is null;
        });
        return found;
    }

    public Attribute Parse(ReadOnlyMemory<byte> attributeMessage) =>
        AttributeMessage.Parse(attributeMessage, file.Superblock.Sizes, file.Shared.Resolve);

    private bool ForEachDenseLink(ReadOnlySpan<byte> linkInfo, LinkVisitor visit)
    {
        FieldSizes sizes = file.Superblock.Sizes;
        var fields = new FieldReader(linkInfo, sizes, "link info");
        fields.Version(0, 0);
        fields.Skip((fields.U8() & 1) != 0 ? 8 : 0); // largest creation order
        long heapAddress = fields.Address();
        long nameTreeAddress = fields.Address();
        if (heapAddress == FieldReader.Undefined)
        {
            return true; // links are messages
        }

        // A record: hash of the name, then the heap identifier.
        FractalHeap heap = FractalHeap.Open(file.Reader, sizes, heapAddress);
        Span<byte> idBytes = stackalloc byte[8];
        foreach ((long _, ulong id) in SortedIds(heap, BTreeV2.Open(file.Reader, sizes, nameTreeAddress), skip: 4, idLengthBytes: 7))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(idBytes, id);
            if (!LinkMessage.Visit(heap.Get(idBytes).Span, sizes, visit))
            {
                return false;
            }
        }

        return true;
    }

    private void ForEachDenseAttribute(ReadOnlySpan<byte> attributeInfo, Func<ReadOnlyMemory<byte>, bool> visit)
    {
        FieldSizes sizes = file.Superblock.Sizes;
        var fields = new FieldReader(attributeInfo, sizes, "attribute info");
        fields.Version(0, 0);
        fields.Skip((fields.U8() & 1) != 0 ? 2 : 0); // largest creation order
        long heapAddress = fields.Address();
        long nameTreeAddress = fields.Address();
        if (heapAddress == FieldReader.Undefined)
        {
            return;
        }

        // A record: heap identifier, then flags of the message, creation order and hash.
        FractalHeap heap = FractalHeap.Open(file.Reader, sizes, heapAddress);
        BTreeV2 tree = BTreeV2.Open(file.Reader, sizes, nameTreeAddress);
        var shared = new HashSet<ulong>();
        tree.ForEach(record =>
        {
            const byte Shared = 2;
            if (record.Length > 8 && (record[8] & Shared) != 0)
            {
                shared.Add(BinaryPrimitives.ReadUInt64LittleEndian(record));
            }

            return true;
        });
        Span<byte> idBytes = stackalloc byte[8];
        foreach ((long _, ulong id) in SortedIds(heap, tree, skip: 0, idLengthBytes: 8))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(idBytes, id);
            ReadOnlyMemory<byte> message = shared.Contains(id)
                ? file.Shared.FromHeap(MessageType.Attribute, idBytes)
                : heap.Get(idBytes);
            if (!visit(message))
            {
                return;
            }
        }
    }

    /// <summary>Heap identifiers in the order of the heap, so that each of its blocks is read once.</summary>
    private static List<(long Key, ulong Id)> SortedIds(FractalHeap heap, BTreeV2 tree, int skip, int idLengthBytes)
    {
        const int MaximumCapacity = 1 << 20; // the count is only a claim
        var ids = new List<(long Key, ulong Id)>((int)Math.Min(tree.RecordCount, MaximumCapacity));
        tree.ForEach(record =>
        {
            var fields = new FieldReader(record, default, "B-tree record");
            fields.Skip(skip);
            ReadOnlySpan<byte> id = fields.Take(idLengthBytes);
            Span<byte> padded = stackalloc byte[8];
            padded.Clear();
            id.CopyTo(padded);
            ids.Add((heap.SortKey(id), BinaryPrimitives.ReadUInt64LittleEndian(padded)));
            return true;
        });
        ids.Sort();
        return ids;
    }
}
